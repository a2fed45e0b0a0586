"""Readiness: what the portal needs to do its work, and never what watches it."""

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import column, func, null, select, table
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.lifecycle.phases import Mark
from portal.runtime.snapshot import Check, DatabasePool, Readiness, Worker
from portal.store import engine as engines
from portal.store import errors
from portal.store.errors import FailureKind

FRESH_FOR = timedelta(seconds=2)
WRITABLE = "database:writable"
UPGRADE = "portal db upgrade"
_VERSIONS = table("alembic_version")


class Checks:
    """Runs the checks one at a time and keeps their result for two seconds."""

    def __init__(
        self,
        engine: Engine,
        head: Callable[[], str],
        *,
        is_storage_up: Callable[[], bool] | None,
        workers: Callable[[], list[Worker]],
        pool: Callable[[], DatabasePool],
        mark: Callable[[], Mark | None],
    ) -> None:
        self._engine = engine
        self._head = head
        self._is_storage_up = is_storage_up
        self._workers = workers
        self._pool = pool
        self._mark = mark
        self._lock = threading.Lock()
        self._result: Readiness | None = None
        self._at: datetime | None = None
        self._was_started = False

    def readiness(self, *, refresh: bool = False) -> Readiness:
        """fail when the database is away or not at head; a warning alone does not fail it."""
        mark = self._mark()
        if mark is not None:
            # Known at once and for sure; the database is not asked on the way out.
            output = f"{mark.phase} since {mark.since}, by {mark.by}: {mark.why}"
            check = Check(name="lifecycle", status="fail", output=output)
            return Readiness(status="fail", checks=[check])
        with self._lock:
            now = clock.now()
            fresh = self._at is not None and abs(now - self._at) < FRESH_FOR
            if self._result is None or not fresh or refresh:
                self._result, self._at = self._run(), clock.now()
            return self._result

    @property
    def is_read_only(self) -> bool:
        """Whether the last look found a database that takes no writes; asks nothing itself."""
        found = self._result.checks if self._result else []
        return any(check.name == WRITABLE and check.status == "warn" for check in found)

    def is_started(self) -> bool:
        """Whether the migrations were found at head once."""
        if not self._was_started:
            self._was_started = self.readiness().status != "fail"
        return self._was_started

    def _run(self) -> Readiness:
        checks = self._database()
        if self._is_storage_up is not None:
            is_up = self._is_storage_up()
            checks.append(
                Check(
                    name="redis",
                    status="pass" if is_up else "warn",
                    output=None if is_up else "does not answer; each process counts by itself",
                )
            )
        # The same figures as feed and panel; who waits is a warning, and no reason to be unready.
        waiting = self._pool().pending
        checks.append(
            Check(
                name="database:pool",
                status="warn" if waiting else "pass",
                observed_value=waiting,
                observed_unit="waiting",
            )
        )
        for worker in self._workers():
            # One that was never seen is only told where readiness depends on it.
            if worker.status == "healthy" or (
                worker.last_sample_at is None and not worker.is_required
            ):
                continue
            checks.append(
                Check(
                    name=f"worker:{worker.name}",
                    status="fail" if worker.is_required else "warn",
                    output=", ".join(filter(None, (worker.status, worker.note))),
                )
            )
        worst = max((check.status for check in checks), key=("pass", "warn", "fail").index)
        return Readiness(status=worst, checks=checks)

    def _database(self) -> list[Check]:
        begun = time.perf_counter()
        try:
            with self._engine.connect() as connection:
                version, is_writable = _look(connection)
        except SQLAlchemyError as error:
            return [
                Check(name="database", status="fail", output=self._why(error)),
                Check(name="migrations", status="warn", output="cannot be read"),
            ]
        milliseconds = round((time.perf_counter() - begun) * 1000, 1)
        at_head = version == self._head()
        return [
            Check(name="database", status="pass", observed_value=milliseconds, observed_unit="ms"),
            # Reads go on, and another node could not write either: a warning.
            Check(
                name=WRITABLE,
                status="pass" if is_writable else "warn",
                output=None if is_writable else "takes no writes at the moment",
            ),
            Check(
                name="migrations",
                status="pass" if at_head else "fail",
                output=None if at_head else f"not at head; run: {UPGRADE}",
            ),
        ]

    def _why(self, error: SQLAlchemyError) -> str:
        if engines.is_missing(self._engine.url):
            return f"is not there; make it with: {UPGRADE}"
        return f"does not answer ({type(error).__name__})"


def _look(connection: Connection) -> tuple[str | None, bool]:
    """The version of the tables, None without them, and whether it takes writes; by one query."""
    is_sqlite = connection.dialect.name == "sqlite"
    # PostgreSQL says itself that it takes no writes; a file is looked at.
    mode = null() if is_sqlite else func.current_setting("transaction_read_only")
    try:
        found = connection.execute(
            select(mode, column("version_num")).select_from(_VERSIONS)
        ).first()
    except SQLAlchemyError as error:
        if errors.of(error) is not FailureKind.OUTDATED:
            raise
        connection.rollback()
        found = None
    read_only, version = found or (connection.scalar(select(mode)), None)
    if is_sqlite:
        return version, os.access(connection.engine.url.database or "", os.W_OK)
    return version, read_only == "off"
