"""What goes with a window, a second pair of eyes, and times to keep free."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = ("window", "window_series")


def upgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("owner", sa.String(120), nullable=False, server_default=""))
            batch.add_column(sa.Column("impact", sa.String(500), nullable=False, server_default=""))
            batch.add_column(
                sa.Column("rollback_plan", sa.Text(), nullable=False, server_default="")
            )
            batch.add_column(
                sa.Column("effects", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
            )
            batch.add_column(
                sa.Column("created_by", sa.String(120), nullable=False, server_default="")
            )
            batch.add_column(
                sa.Column(
                    "awaits_approval", sa.Boolean(), nullable=False, server_default=sa.false()
                )
            )
            batch.add_column(sa.Column("approved_by", sa.String(120), nullable=True))
    op.create_table(
        "freeze",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(240), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze")),
    )
    op.create_index(op.f("ix_freeze_ends_at"), "freeze", ["ends_at"])


def downgrade() -> None:
    op.drop_table("freeze")
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            for name in (
                "approved_by",
                "awaits_approval",
                "created_by",
                "effects",
                "rollback_plan",
                "impact",
                "owner",
            ):
                batch.drop_column(name)
