"""Workers: background consumers that report how their queue stands.

The portal's own worker and external ones report alike: a sample of status, pending, stuck and
failed. Who is silent for three of its intervals is in error, whatever it said last. Only declared
workers may report, so that names stay few and mistyped ones are seen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import structlog
from pydantic import BeforeValidator, Field
from sqlalchemy import JSON, String, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.durations import spoken
from portal.runtime import snapshot
from portal.schemas import Camel
from portal.settings import DeclaredWorker
from portal.store import engine
from portal.store.base import Base
from portal.store.errors import retried

_log = structlog.get_logger()
OWN = "portal"
NOTIFICATIONS = "notifications"
OWN_INTERVAL = timedelta(seconds=10)
SILENT_AFTER_INTERVALS = 3
HANDED_WITHIN = OWN_INTERVAL * SILENT_AFTER_INTERVALS
MOST_POINTS = 60
_MOST = 2_000_000_000
_LONGEST_NOTE = 200


class WorkerStatus(StrEnum):
    HEALTHY = "healthy"
    STOPPED = "stopped"
    ERROR = "error"


class UndeclaredWorkerError(LookupError):
    """No worker of that name is declared."""


def _note(value: object) -> object:
    """A worker's words, as far as they can be kept: it repeats itself and cannot shorten them."""
    return value.replace("\x00", "")[:_LONGEST_NOTE] if isinstance(value, str) else value


class WorkerIn(Camel):
    """A report; `intervalMs` may differ from the declared one, and counts from then on."""

    status: WorkerStatus
    pending: int = Field(ge=0, le=_MOST)
    stuck: int = Field(default=0, ge=0, le=_MOST)
    failed: int = Field(default=0, ge=0, le=_MOST)
    interval_ms: int | None = Field(default=None, ge=1000, le=86_400_000)
    note: Annotated[str, BeforeValidator(_note)] = ""


class WorkerRow(Base):
    """The last report of a worker; `history` is its pending count, the oldest first."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    pending: Mapped[int]
    stuck: Mapped[int]
    failed: Mapped[int]
    interval_ms: Mapped[int]
    sampled_at: Mapped[datetime]
    reported_by: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(String(200))
    history: Mapped[list[list[Any]]] = mapped_column(JSON)


@dataclass(frozen=True)
class Report:
    """A worker's last report, away from the database."""

    status: WorkerStatus
    pending: int
    stuck: int
    failed: int
    interval: timedelta
    sampled_at: datetime
    note: str
    history: list[tuple[datetime, int]] = field(default_factory=list)


def shown(worker: DeclaredWorker, report: Report | None, *, now: datetime) -> snapshot.Worker:
    """How a worker stands at `now`."""
    milliseconds = int(worker.interval.total_seconds() * 1000)
    if report is None:
        return snapshot.Worker(
            name=worker.name,
            status=WorkerStatus.STOPPED,
            is_required=worker.is_required,
            pending=0,
            stuck=0,
            failed=0,
            interval_ms=milliseconds,
            last_sample_at=None,
            note="Not seen yet",
            history=[],
        )
    age = now - report.sampled_at
    # Who said that it stops is silent on purpose.
    is_silent = (
        report.status is not WorkerStatus.STOPPED
        and age >= report.interval * SILENT_AFTER_INTERVALS
    )
    return snapshot.Worker(
        name=worker.name,
        status=WorkerStatus.ERROR if is_silent else report.status,
        is_required=worker.is_required,
        pending=report.pending,
        stuck=report.stuck,
        failed=report.failed,
        interval_ms=int(report.interval.total_seconds() * 1000),
        last_sample_at=report.sampled_at,
        note=f"No sample for {spoken(age.total_seconds())}" if is_silent else report.note,
        history=[snapshot.WorkerPoint(at=at, pending=pending) for at, pending in report.history],
    )


class Workers:
    """Takes reports and tells how all declared workers stand; the last known without a database."""

    def __init__(
        self, declared: tuple[DeclaredWorker, ...], open_session: Callable[[], Session]
    ) -> None:
        own = (DeclaredWorker(OWN, OWN_INTERVAL), DeclaredWorker(NOTIFICATIONS, OWN_INTERVAL))
        self.declared = {worker.name: worker for worker in (*own, *declared)}
        self._open_session = open_session
        self._reports: Mapping[str, Report] = {}
        # What waits for the next `report_all`, with its instant.
        self._handed_over: dict[str, tuple[WorkerIn, datetime]] = {}
        self.is_supervised = False

    @retried
    def report(self, name: str, sample: WorkerIn, *, actor: str) -> snapshot.Worker:
        """Take a report; UndeclaredWorkerError for a name nobody declared."""
        worker = self.declared.get(name)
        if worker is None:
            raise UndeclaredWorkerError(name)
        now = clock.now()
        with self._open_session() as session:
            engine.begin_write(session)
            row = session.get(WorkerRow, name, with_for_update=True) or _begun(session, name)
            self._write(row, sample, actor=actor, at=now)
            session.flush()
            report = _report(row)
            session.commit()
        self._handed_over.pop(name, None)
        self._reports = {**self._reports, name: report}
        return shown(worker, report, now=now)

    def hand_over(self, name: str, sample: WorkerIn) -> None:
        """Leave a report to the next `report_all` of this process, which writes anyhow."""
        self._handed_over[name] = sample, clock.now()

    @retried
    def report_all(self, samples: Mapping[str, WorkerIn], *, actor: str) -> None:
        """Take the reports of some declared workers, and read those of all, in one transaction."""
        now = clock.now()
        handed_over = dict(self._handed_over)
        # What was left before others led says nothing any more.
        found = {
            name: one for name, one in handed_over.items() if abs(now - one[1]) < HANDED_WITHIN
        }
        found |= {name: (sample, now) for name, sample in samples.items()}
        with self._open_session() as session:
            engine.begin_write(session)
            query = select(WorkerRow).order_by(WorkerRow.name).with_for_update()
            rows = {row.name: row for row in session.scalars(query)}
            for name, (sample, at) in found.items():
                row = rows[name] = rows.get(name) or _begun(session, name)
                self._write(row, sample, actor=actor, at=at)
            session.flush()
            reports = {name: _report(row) for name, row in rows.items()}
            session.commit()
        self._reports = reports
        for name, written in handed_over.items():
            if self._handed_over.get(name) is written:
                del self._handed_over[name]

    def _write(self, row: WorkerRow, sample: WorkerIn, *, actor: str, at: datetime) -> None:
        interval = self.declared[row.name].interval
        row.status, row.note, row.reported_by = sample.status.value, sample.note, actor
        row.pending, row.stuck, row.failed = sample.pending, sample.stuck, sample.failed
        row.interval_ms = sample.interval_ms or int(interval.total_seconds() * 1000)
        row.sampled_at = at
        row.history = [*row.history, [clock.iso(at), sample.pending]][-MOST_POINTS:]

    def forget(self) -> None:
        """Begin without reports: what a process was forked with is old by now."""
        self._reports = {}

    def refresh(self) -> None:
        """Read the reports anew; what cannot be read leaves the last ones."""
        try:
            with self._open_session() as session:
                self._reports = {
                    row.name: _report(row) for row in session.scalars(select(WorkerRow))
                }
        except SQLAlchemyError as error:
            _log.warning("workers.database_unreachable", error=type(error).__name__)

    def all(self) -> list[snapshot.Worker]:
        """Every declared worker, the portal's own first."""
        if not self.is_supervised:
            self.refresh()
        now = clock.now()
        return [
            shown(worker, self._reports.get(name), now=now)
            for name, worker in self.declared.items()
        ]


def seconds_to_round() -> float:
    """Until the next round: all threads of a node begin theirs together.

    Who looks for changes then finds one where there would have been several.
    """
    interval = OWN_INTERVAL.total_seconds()
    return interval - clock.boot_seconds() % interval


def _begun(session: Session, name: str) -> WorkerRow:
    """The row of a worker that reports for the first time."""
    row = WorkerRow(name=name, history=[])
    session.add(row)
    return row


def _report(row: WorkerRow) -> Report:
    return Report(
        status=WorkerStatus(row.status),
        pending=row.pending,
        stuck=row.stuck,
        failed=row.failed,
        interval=timedelta(milliseconds=row.interval_ms),
        sampled_at=row.sampled_at,
        note=row.note,
        history=[(datetime.fromisoformat(at), int(pending)) for at, pending in row.history],
    )
