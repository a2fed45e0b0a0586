"""Monitors: what the portal checks itself, how each stands, and what was measured."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_MONITORS = 3
_TABLES = (
    "monitor_node",
    "monitor_figures",
    "monitor_result",
    "monitor_span",
    "heartbeat",
    "monitor_view",
    "monitor_state",
    "monitor",
)


def upgrade() -> None:
    op.create_table(
        "monitor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(60), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("component", sa.String(60), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("timeout_seconds", sa.Integer(), nullable=False),
        sa.Column("down_count", sa.Integer(), nullable=False),
        sa.Column("down_of", sa.Integer(), nullable=False),
        sa.Column("up_after", sa.Integer(), nullable=False),
        sa.Column("depends_on", sa.JSON(), nullable=False),
        sa.Column("nodes", sa.String(200), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=True),
        sa.Column("is_inverted", sa.Boolean(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_free", sa.Boolean(), nullable=False),
        sa.Column("shows_latency", sa.Boolean(), nullable=False),
        sa.Column("impact", sa.String(24), nullable=False),
        sa.Column("latency_limit_ms", sa.Integer(), nullable=True),
        sa.Column("certificate_days", sa.Integer(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor")),
        sa.UniqueConstraint("slug", name=op.f("uq_monitor_slug")),
    )
    op.create_index(op.f("ix_monitor_component"), "monitor", ["component"])
    op.create_table(
        "monitor_state",
        *_of_monitor("monitor_state"),
        sa.Column("health", sa.String(10), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("answer", sa.String(200), nullable=False),
        sa.Column("certificate_expires_at", UTCDateTime(), nullable=True),
        sa.Column("blind", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("monitor_id", name=op.f("pk_monitor_state")),
    )
    op.create_table(
        "monitor_view",
        *_of_monitor("monitor_view"),
        sa.Column("node_id", sa.SmallInteger(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("certificate_expires_at", UTCDateTime(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("good", sa.JSON(), nullable=True),
        sa.Column("memory", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("monitor_id", "node_id", name=op.f("pk_monitor_view")),
    )
    op.create_table(
        "heartbeat",
        *_of_monitor("heartbeat"),
        sa.Column("token", sa.String(40), nullable=False),
        sa.Column("pinged_at", UTCDateTime(), nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("took_ms", sa.Float(), nullable=True),
        sa.Column("pings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("monitor_id", name=op.f("pk_heartbeat")),
        sa.UniqueConstraint("token", name=op.f("uq_heartbeat_token")),
    )
    op.create_table(
        "monitor_span",
        sa.Column("id", sa.Integer(), nullable=False),
        *_of_monitor("monitor_span"),
        sa.Column("health", sa.String(10), nullable=False),
        sa.Column("began_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_span")),
    )
    op.create_index("ix_monitor_span_time", "monitor_span", ["monitor_id", "began_at"])
    op.create_table(
        "monitor_result",
        *_of_monitor("monitor_result"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("microseconds", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("monitor_id", "at", "node_id", name=op.f("pk_monitor_result")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "monitor_figures",
        *_of_monitor("monitor_figures"),
        sa.Column("seconds", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("monitor_id", "seconds", "day", name=op.f("pk_monitor_figures")),
    )
    op.create_table(
        "monitor_node",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_node")),
        sa.UniqueConstraint("name", name=op.f("uq_monitor_node_name")),
    )
    op.execute(f"INSERT INTO revision (id, number) VALUES ({_MONITORS}, 0)")


def _of_monitor(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    """The column of the monitor, with which a row goes."""
    key = sa.ForeignKeyConstraint(
        ["monitor_id"],
        ["monitor.id"],
        name=op.f(f"fk_{table}_monitor_id_monitor"),
        ondelete="CASCADE",
    )
    return sa.Column("monitor_id", sa.Integer(), nullable=False), key


def downgrade() -> None:
    op.execute(f"DELETE FROM revision WHERE id = {_MONITORS}")
    for table in _TABLES:
        op.drop_table(table)
