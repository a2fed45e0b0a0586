"""Subscribers have a language, which their mails are in."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscriber", sa.Column("language", sa.String(8), nullable=False, server_default="en")
    )


def downgrade() -> None:
    op.drop_column("subscriber", "language")
