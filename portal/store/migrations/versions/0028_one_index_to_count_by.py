"""Subscribers are counted by one index: beside another SQLite read every row for a notice's."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_OTHER, _NAME = "ix_subscriber_kind_confirmed_at", "ix_subscriber_choice"


def upgrade() -> None:
    op.drop_index(_OTHER, "subscriber")
    _index("kind", "choice", "confirmed_at")


def downgrade() -> None:
    _index("kind", "choice")
    op.create_index(_OTHER, "subscriber", ["kind", "confirmed_at"])


def _index(*columns: str) -> None:
    op.drop_index(_NAME, "subscriber")
    where = sa.text("confirmed_at IS NOT NULL")
    op.create_index(_NAME, "subscriber", columns, sqlite_where=where, postgresql_where=where)
