"""Samples of the node's figures."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.Column("scrapes", sa.Integer(), nullable=False),
        sa.Column("pool_borrowed", sa.Integer(), nullable=False),
        sa.Column("pool_pending", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
    )
    op.create_index(op.f("ix_sample_at"), "sample", ["at"])


def downgrade() -> None:
    op.drop_table("sample")
