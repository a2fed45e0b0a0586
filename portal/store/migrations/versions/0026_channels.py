"""Readers subscribe with channels; an address that is a secret is encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("sealed", sa.Text(), nullable=True))
    op.add_column(
        "subscriber",
        sa.Column("by_reader", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "subscriber", sa.Column("tries", sa.SmallInteger(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    # What was encrypted cannot be called by a version that does not know of it.
    op.execute("DELETE FROM subscriber WHERE sealed IS NOT NULL")
    for name in ("tries", "by_reader", "sealed"):
        op.drop_column("subscriber", name)
