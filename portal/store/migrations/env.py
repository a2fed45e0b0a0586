"""Alembic's way in, for `portal.store.schema`."""

import importlib

from alembic import context

from portal.store.base import Base
from portal.store.engine import for_migrations

# Every module that holds a table, so that the metadata is whole.
for _room in (
    "accounts.operators",
    "accounts.sessions",
    "accounts.throttle",
    "accounts.tokens",
    "audit.addresses",
    "audit.chain",
    "guard.blocks.block",
    "guard.offences",
    "guard.offenders",
    "monitors.figures",
    "monitors.heartbeats",
    "monitors.monitor",
    "monitors.nodes",
    "monitors.results",
    "monitors.states",
    "monitors.node_views",
    "notify.outbox.delivery",
    "notify.subscribers.subscriber",
    "runtime.episode",
    "runtime.samples",
    "runtime.workers",
    "status.announcements.announcement",
    "status.components.component",
    "status.incidents.incident",
    "status.freezes",
    "status.notices",
    "status.retrospectives",
    "status.series.series",
    "status.templates",
    "status.windows.window",
    "store.idempotency",
    "store.lease",
    "store.revision",
):
    importlib.import_module(f"portal.{_room}")

engine = for_migrations(context.config.attributes["url"])
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
