"""Components, incidents, retrospectives, and what windows do to components."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "component",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(60), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("group_name", sa.String(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component")),
        sa.UniqueConstraint("slug", name=op.f("uq_component_slug")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("title", sa.String(240), nullable=False),
        sa.Column("impact", sa.String(12), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("audiences", sa.JSON(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("resolved_at", UTCDateTime(), nullable=True),
        sa.Column("next_update_at", UTCDateTime(), nullable=True),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(120), nullable=True),
        sa.Column("root_cause_category", sa.String(20), nullable=True),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("opened_by", sa.String(120), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("reference", name=op.f("uq_incident_reference")),
    )
    op.create_index(op.f("ix_incident_started_at"), "incident", ["started_at"])
    op.create_index(op.f("ix_incident_resolved_at"), "incident", ["resolved_at"])
    op.create_table(
        "component_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("began_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_span")),
        sa.ForeignKeyConstraint(
            ["component_id"],
            ["component.id"],
            ondelete="CASCADE",
            name=op.f("fk_component_span_component_id_component"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
            ondelete="CASCADE",
            name=op.f("fk_component_span_incident_id_incident"),
        ),
    )
    for column in ("component_id", "incident_id", "ended_at"):
        op.create_index(op.f(f"ix_component_span_{column}"), "component_span", [column])
    op.create_table(
        "incident_update",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("status", sa.String(16), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_update")),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
            ondelete="CASCADE",
            name=op.f("fk_incident_update_incident_id_incident"),
        ),
    )
    op.create_index(op.f("ix_incident_update_incident_id"), "incident_update", ["incident_id"])
    op.create_table(
        "incident_capture",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("captured_at", UTCDateTime(), nullable=False),
        sa.Column("captured_by", sa.String(120), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_capture")),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
            ondelete="CASCADE",
            name=op.f("fk_incident_capture_incident_id_incident"),
        ),
    )
    op.create_index(op.f("ix_incident_capture_incident_id"), "incident_capture", ["incident_id"])
    op.create_table(
        "retrospective",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root_cause_category", sa.String(20), nullable=False),
        sa.Column("root_cause", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retrospective")),
        sa.ForeignKeyConstraint(
            ["id"], ["incident.id"], ondelete="CASCADE", name=op.f("fk_retrospective_id_incident")
        ),
    )
    op.add_column("window", sa.Column("components", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("window", "components")
    for table in (
        "retrospective",
        "incident_capture",
        "incident_update",
        "component_span",
        "incident",
        "component",
    ):
        op.drop_table(table)
