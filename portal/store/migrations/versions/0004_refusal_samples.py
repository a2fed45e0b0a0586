"""Refusals of WAF and perimeter in the samples."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("waf_blocked", "perimeter_blocked"):
        op.add_column(
            "sample", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))
        )


def downgrade() -> None:
    for name in ("waf_blocked", "perimeter_blocked"):
        op.drop_column("sample", name)
