"""Addresses beside the audit log, and sealed segments that may leave it."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SAID = "the audit log can only be added to"
_ANCHORED = "OLD.seq > coalesce((SELECT max(seq) FROM audit_anchor), 0)"


def upgrade() -> None:
    op.create_table(
        "audit_address",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(20), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("seq", "field", name=op.f("pk_audit_address")),
    )
    op.create_index(op.f("ix_audit_address_at"), "audit_address", ["at"])
    op.create_table(
        "audit_salt",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_audit_salt")),
    )
    op.create_table(
        "audit_anchor",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("file", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_anchor")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_event_no_delete")
        op.execute(
            "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event"
            f" WHEN {_ANCHORED} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF TG_OP = 'DELETE' THEN IF NOT ({_ANCHORED}) THEN RETURN OLD; END IF; END IF;"
        f" RAISE EXCEPTION '{_SAID}'; END $$"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_event_no_delete")
        op.execute(
            "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event"
            f" BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        )
    else:
        op.execute(
            "CREATE OR REPLACE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$"
        )
    for table in ("audit_anchor", "audit_salt", "audit_address"):
        op.drop_table(table)
