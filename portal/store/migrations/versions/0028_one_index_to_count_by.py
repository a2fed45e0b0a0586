"""Subscribers are counted by one index: by another SQLite read every row to count a notice's."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_NAME = "ix_subscriber_kind_confirmed_at"


def upgrade() -> None:
    op.drop_index(_NAME, "subscriber")


def downgrade() -> None:
    op.create_index(_NAME, "subscriber", ["kind", "confirmed_at"])
