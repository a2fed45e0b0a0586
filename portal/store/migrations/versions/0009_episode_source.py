"""Whose alert an episode is of: the portal's own, or Alertmanager's."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "episode", sa.Column("source", sa.String(12), nullable=False, server_default="portal")
    )


def downgrade() -> None:
    op.drop_column("episode", "source")
