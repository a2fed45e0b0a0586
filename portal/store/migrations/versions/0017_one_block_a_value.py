"""One block of a value at a time: what two processes added at once goes, but for the longest."""

import sqlalchemy as sa
from alembic import op

from portal import clock
from portal.store.base import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OPEN = sa.text("removed_at IS NULL AND NOT expiry_noted")
_BLOCK = sa.table(
    "block",
    sa.column("id"),
    sa.column("scope"),
    sa.column("value"),
    sa.column("until", UTCDateTime()),
    sa.column("removed_at", UTCDateTime()),
    sa.column("expiry_noted"),
)


def upgrade() -> None:
    known, seen = op.get_bind(), set()
    query = sa.select(_BLOCK.c.id, _BLOCK.c.scope, _BLOCK.c.value).where(_OPEN)
    for number, *value in known.execute(query.order_by(_BLOCK.c.until.desc())).all():
        if tuple(value) in seen:
            now = clock.now()
            op.execute(_BLOCK.update().where(_BLOCK.c.id == number).values(removed_at=now))
        seen.add(tuple(value))
    op.create_index(
        "uq_block_open",
        "block",
        ["scope", "value"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_index("uq_block_open", "block")
