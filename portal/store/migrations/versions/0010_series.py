"""Windows that come again by a rule."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "window_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("title", sa.String(240), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("audiences", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.Column("first_local", sa.String(19), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("planned_until", UTCDateTime(), nullable=False),
        sa.Column("cancelled_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_window_series")),
        sa.UniqueConstraint("reference", name=op.f("uq_window_series_reference")),
    )
    with op.batch_alter_table("window") as batch:
        batch.add_column(sa.Column("series_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("occurrence", sa.String(19), nullable=True))
        batch.create_foreign_key(
            op.f("fk_window_series_id_window_series"), "window_series", ["series_id"], ["id"]
        )
        batch.create_unique_constraint(op.f("uq_window_series_id"), ["series_id", "occurrence"])


def downgrade() -> None:
    with op.batch_alter_table("window") as batch:
        batch.drop_constraint(op.f("uq_window_series_id"), type_="unique")
        batch.drop_constraint(op.f("fk_window_series_id_window_series"), type_="foreignkey")
        batch.drop_column("occurrence")
        batch.drop_column("series_id")
    op.drop_table("window_series")
