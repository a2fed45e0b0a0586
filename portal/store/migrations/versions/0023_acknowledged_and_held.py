"""Who takes care of an alert, and until when a notice is held back because it may be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("episode", sa.Column("acknowledged_at", sa.DateTime(timezone=True)))
    op.add_column("episode", sa.Column("acknowledged_by", sa.String(120)))
    op.add_column("notice", sa.Column("held_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("notice", "held_until")
    op.drop_column("episode", "acknowledged_by")
    op.drop_column("episode", "acknowledged_at")
