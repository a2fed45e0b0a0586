"""What is due stands in its index in exactly the order in which it is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_DUE = "ix_delivery_due"


def upgrade() -> None:
    _index("lane", "urgency", "due_at", "id")


def downgrade() -> None:
    _index("lane", "urgency", "due_at")


def _index(*columns: str) -> None:
    op.drop_index(_DUE, "delivery")
    where = sa.text("state = 'pending'")
    op.create_index(_DUE, "delivery", columns, sqlite_where=where, postgresql_where=where)
