"""The core of an app, which each room is built on: settings, database and audit log."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from portal.audit.log import AuditLog
from portal.audit.spool import Spool
from portal.ciphers import Keys
from portal.settings import Settings
from portal.store import engine as engines
from portal.store.commits import Commits
from portal.store.lease import Fence
from portal.store.pool import CountingPool


@dataclass(frozen=True)
class Core:
    """Sessions are opened with `open_session`; each write of theirs asks `fence`."""

    settings: Settings
    # The first one signs and encrypts; see `portal.ciphers`.
    secret_keys: Keys
    engine: Engine
    # Its connections are its own: a check of the database must not wait for the pool.
    probe_engine: Engine
    fence: Fence
    open_session: Callable[[], Session]
    audit_log: AuditLog
    commits: Commits

    @property
    def pool(self) -> CountingPool:
        assert isinstance(self.engine.pool, CountingPool)
        return self.engine.pool


def build(settings: Settings, engine: Engine, *, secret_keys: Keys) -> Core:
    """The core on an engine that nothing has used yet."""
    engines.prepare(engine)
    fence = Fence()
    open_session = sessionmaker(engine, info={"fence": fence})
    commits = Commits()
    commits.count_those_of(open_session)
    return Core(
        settings,
        secret_keys,
        engine,
        engines.probe_engine(settings.resolved_database_url),
        fence,
        open_session,
        AuditLog(open_session, Spool(settings.data_dir / "spool")),
        commits,
    )
