"""Alerts of others have names of 200 characters, and say how they ended and when they changed."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("episode") as table:
        table.alter_column("alert", existing_type=sa.String(40), type_=sa.String(200))
        table.add_column(sa.Column("changed_at", UTCDateTime(), nullable=True))
        table.add_column(sa.Column("closed_by", sa.String(12), nullable=True))


def downgrade() -> None:
    op.execute("UPDATE episode SET alert = substr(alert, 1, 40) WHERE length(alert) > 40")
    with op.batch_alter_table("episode") as table:
        table.drop_column("closed_by")
        table.drop_column("changed_at")
        table.alter_column("alert", existing_type=sa.String(200), type_=sa.String(40))
