"""What subscribers chose as text, by which it is counted how many a notice is for."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_AT_ONCE = 5000
_INDEXES = (
    ("ix_subscriber_choice", ["kind", "choice"], "confirmed_at IS NOT NULL"),
    ("ix_subscriber_unconfirmed", ["asked_at"], "confirmed_at IS NULL"),
)
_SIGNS = {"incidents": "!", "maintenance": "#", "announcements": "+"}
_SUBSCRIBER = sa.table(
    "subscriber",
    sa.column("id"),
    sa.column("topics", sa.JSON()),
    sa.column("components", sa.JSON()),
    sa.column("choice"),
)


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("choice", sa.String(1000), nullable=True))
    connection, table, last = op.get_bind(), _SUBSCRIBER, 0
    query = sa.select(table.c.id, table.c.topics, table.c.components).order_by(table.c.id)
    change = table.update().where(table.c.id == sa.bindparam("of"))
    while rows := connection.execute(query.where(table.c.id > last).limit(_AT_ONCE)).all():
        last = rows[-1].id
        connection.execute(
            change.values(choice=sa.bindparam("choice")),
            [{"of": one.id, "choice": _choice(one.topics, one.components)} for one in rows],
        )
    for name, columns, rows_of in _INDEXES:
        where = sa.text(rows_of)
        op.create_index(name, "subscriber", columns, sqlite_where=where, postgresql_where=where)


def _choice(topics: list[str], parts: list[str]) -> str | None:
    signs = "".join(sign for topic, sign in _SIGNS.items() if topic in topics)
    named = "".join(f"{slug}|" for slug in sorted(parts))
    text = f"{signs}|{named}" if named else signs
    return text if len(text) <= 1000 else None


def downgrade() -> None:
    for name, _, _ in _INDEXES:
        op.drop_index(name, "subscriber")
    op.drop_column("subscriber", "choice")
