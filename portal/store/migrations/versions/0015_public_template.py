"""The text that readers see of an alert: the template `public`."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLE = sa.table(
    "message_template",
    sa.column("name"),
    sa.column("title"),
    sa.column("message"),
    sa.column("updated_at", UTCDateTime()),
    sa.column("version"),
)
_TITLE = "Problem with {{components}}"
_MESSAGE = (
    "Since {{since}} there has been a problem with {{components}}."
    " We are looking into it and will post an update here."
)


def upgrade() -> None:
    known = sa.select(_TABLE.c.name).where(_TABLE.c.name == "public")
    if op.get_bind().execute(known).first() is not None:
        # Somebody has one of this name already.
        return
    op.bulk_insert(
        _TABLE,
        [
            {
                "name": "public",
                "title": _TITLE,
                "message": _MESSAGE,
                "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
                "version": 1,
            }
        ],
    )


def downgrade() -> None:
    op.execute(_TABLE.delete().where(_TABLE.c.name == "public", _TABLE.c.version == 1))
