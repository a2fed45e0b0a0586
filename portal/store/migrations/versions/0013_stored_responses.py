"""What is kept under an idempotency key is called a stored response."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _move("kept_reply", "stored_response")


def downgrade() -> None:
    _move("stored_response", "kept_reply")


def _move(before: str, after: str) -> None:
    op.create_table(
        after,
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f(f"pk_{after}")),
    )
    op.create_index(op.f(f"ix_{after}_created_at"), after, ["created_at"])
    op.execute(
        f"INSERT INTO {after} (key, request_hash, created_at, body, version)"
        f" SELECT key, request_hash, created_at, body, version FROM {before}"
    )
    op.drop_table(before)
