"""Urgent notices first, a notice counts its deliveries, and indexes over what is not settled."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COUNTS = ("recipients", "sent", "dead", "dropped")
# Of an older version that still runs beside this one: it knows nothing of these columns.
_ZERO, _NORMAL = sa.text("0"), sa.text("1")
_URGENT = (
    "kind IN ('alert', 'subscription') OR (kind = 'incident' AND event IN ('opened', 'resolved'))"
)
_PARTIAL = (
    ("ix_delivery_due", ["lane", "urgency", "due_at"], "state = 'pending'"),
    ("ix_delivery_pending_notice_id", ["notice_id"], "state = 'pending'"),
    ("ix_delivery_pending_recipient", ["recipient"], "state = 'pending'"),
    ("ix_delivery_sending_lane", ["lane"], "state = 'sending'"),
    ("ix_delivery_dead_settled_at", ["settled_at"], "state = 'dead'"),
    ("ix_delivery_settled_at", ["settled_at"], "settled_at IS NOT NULL AND state != 'dead'"),
)


def upgrade() -> None:
    for table in ("notice", "delivery"):
        column = sa.Column("urgency", sa.SmallInteger(), server_default=_NORMAL, nullable=False)
        op.add_column(table, column)
    for name in ("first", "reached"):
        op.add_column("notice", sa.Column(name, sa.Integer(), nullable=True))
    for name in _COUNTS:
        op.add_column("notice", sa.Column(name, sa.Integer(), server_default=_ZERO, nullable=False))
    op.execute(f"UPDATE notice SET urgency = 0 WHERE {_URGENT}")
    op.execute(
        "UPDATE delivery SET urgency = 0 WHERE state IN ('pending', 'sending')"
        " AND notice_id IN (SELECT id FROM notice WHERE urgency = 0)"
    )
    counted = "SELECT count(*) FROM delivery WHERE notice_id = notice.id"
    op.execute(
        f"UPDATE notice SET recipients = ({counted}),"
        f" sent = ({counted} AND state = 'sent'), dead = ({counted} AND state = 'dead'),"
        f" dropped = ({counted} AND state = 'dropped')"
    )
    op.drop_index("ix_delivery_state_lane_due_at", "delivery")
    op.drop_index("ix_delivery_notice_id_state", "delivery")
    for name, columns, rows in _PARTIAL:
        where = sa.text(rows)
        op.create_index(name, "delivery", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, _, _ in _PARTIAL:
        op.drop_index(name, "delivery")
    op.create_index("ix_delivery_notice_id_state", "delivery", ["notice_id", "state"])
    op.create_index("ix_delivery_state_lane_due_at", "delivery", ["state", "lane", "due_at"])
    # In place: a table of notices that is made anew would take all deliveries along.
    op.drop_column("delivery", "urgency")
    for name in (*_COUNTS, "first", "reached", "urgency"):
        op.drop_column("notice", name)
