"""Alembic's way in; the engine is the app's."""

import importlib

from alembic import context
from flask import current_app

from portal.store.base import Base
from portal.store.engine import ensure_file, for_migrations

# Every module that holds a table, so that the metadata is whole.
for _room in (
    "accounts.operators", "accounts.sessions", "accounts.throttle", "accounts.tokens",
    "audit.addresses", "audit.chain", "guard.blocks", "guard.offences", "guard.offenders",
    "notify.outbox", "notify.subscribers", "runtime.episodes", "runtime.samples",
    "runtime.workers", "status.announcements", "status.components", "status.incidents",
    "status.freezes", "status.notices", "status.retrospectives", "status.replies", "status.series",
    "status.templates", "status.windows", "store.lease", "store.revision",
):  # fmt: skip
    importlib.import_module(f"portal.{_room}")

url = current_app.extensions["migrate"].db.engine.url.render_as_string(hide_password=False)
engine = for_migrations(url)
ensure_file(engine)
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
