"""One mailbox is one subscriber, in whatever case; questions of the last hour are counted."""

import sqlalchemy as sa
from alembic import op

from portal.store.base import UTCDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ASKED = sa.text("question IS NOT NULL")
_SUBSCRIBER = sa.table(
    "subscriber",
    sa.column("id"),
    sa.column("kind"),
    sa.column("address"),
    sa.column("confirmed_at", UTCDateTime()),
    sa.column("canonical"),
)


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("canonical", sa.String(500), nullable=True))
    kind, address = _SUBSCRIBER.c.kind, _SUBSCRIBER.c.address
    canonical = sa.case((kind == "mail", sa.func.lower(address)), else_=address)
    op.execute(_SUBSCRIBER.update().values(canonical=canonical))
    # Of several spellings the one stays that was confirmed, or else was there first.
    rows = op.get_bind().execute(
        sa.select(_SUBSCRIBER.c.id, kind, _SUBSCRIBER.c.canonical).order_by(
            _SUBSCRIBER.c.confirmed_at.is_(None), _SUBSCRIBER.c.id
        )
    )
    known: set[tuple[str, str]] = set()
    for number, *name in rows.all():
        if tuple(name) in known:
            op.execute(_SUBSCRIBER.delete().where(_SUBSCRIBER.c.id == number))
        known.add(tuple(name))
    with op.batch_alter_table("subscriber") as table:
        table.alter_column("canonical", existing_type=sa.String(500), nullable=False)
        table.drop_constraint("uq_subscriber_kind", type_="unique")
        table.create_unique_constraint("uq_subscriber_kind", ["kind", "canonical"])
    op.create_index(
        "ix_subscriber_asked_at",
        "subscriber",
        ["asked_at"],
        sqlite_where=_ASKED,
        postgresql_where=_ASKED,
    )


def downgrade() -> None:
    op.drop_index("ix_subscriber_asked_at", "subscriber")
    with op.batch_alter_table("subscriber") as table:
        table.drop_constraint("uq_subscriber_kind", type_="unique")
        table.create_unique_constraint("uq_subscriber_kind", ["kind", "address"])
        table.drop_column("canonical")
