"""Windows that were called off are found by an index, not among all that are over."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_NAME = "ix_window_cancelled_at"


def upgrade() -> None:
    where = sa.text("cancelled_at IS NOT NULL")
    op.create_index(_NAME, "window", ["cancelled_at"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index(_NAME, "window")
