"""Indexes by which long lists are read in their order, and counted."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_MADE = (
    ("ix_audit_event_type_seq", "audit_event", ["type", "seq"]),
    ("ix_audit_event_actor_seq", "audit_event", ["actor", "seq"]),
    ("ix_block_created_at", "block", ["created_at"]),
    ("ix_subscriber_kind_confirmed_at", "subscriber", ["kind", "confirmed_at"]),
)
_PROPOSED = "ix_window_proposed_starts_at"
# Those with the number behind them do the same.
_REPLACED = (
    ("ix_audit_event_type", "audit_event", ["type"]),
    ("ix_audit_event_actor", "audit_event", ["actor"]),
)


def upgrade() -> None:
    for name, table, columns in _MADE:
        op.create_index(name, table, columns)
    op.create_index(
        _PROPOSED,
        "window",
        ["starts_at"],
        sqlite_where=sa.text("awaits_approval = 1"),
        postgresql_where=sa.text("awaits_approval"),
    )
    for name, table, _ in _REPLACED:
        op.drop_index(name, table)


def downgrade() -> None:
    for name, table, columns in _REPLACED:
        op.create_index(name, table, columns)
    op.drop_index(_PROPOSED, "window")
    for name, table, _ in _MADE:
        op.drop_index(name, table)
