"""Composing the snapshot: one source for panel, API and feed."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.audit import search
from portal.core import Core
from portal.runtime import alerts, episodes, foreign_alerts, samples, snapshot
from portal.runtime.episode import Source
from portal.runtime.exporter import Attempt, ScrapeState, is_stale
from portal.runtime.room import Runtime

_log = structlog.get_logger()
SECURITY_EVENTS = 12
_PRESSED = 5


class Overview:
    """Takes snapshots; a part that cannot be read is None, the rest stands."""

    def __init__(
        self,
        core: Core,
        runtime: Runtime,
        *,
        top: Callable[[], dict[str, list[snapshot.Consumer]]],
        lifecycle: Callable[[], snapshot.LifecycleState],
        readiness: Callable[[], snapshot.Readiness],
        maintenance: Callable[[], snapshot.Maintenance | None],
    ) -> None:
        self._core = core
        self._settings = core.settings
        self._open_session = core.open_session
        self._runtime = runtime
        self._top = top
        self._lifecycle = lifecycle
        self._readiness = readiness
        self._maintenance = maintenance

    @property
    def runbook(self) -> str:
        return self._settings.runbook_url or "/panel/runbook"

    def take(self, *, for_alerts: bool = False) -> snapshot.Snapshot:
        """The snapshot now; `for_alerts` leaves out what only people look at.

        That is the top clients, the security events, the small charts, and what episodes know of
        the alerts: half of what it asks.
        """
        node = self._runtime.node
        taken = snapshot.Snapshot(
            id=str(uuid.uuid4()),
            generated_at=clock.now(),
            environment=self._settings.env,
            lifecycle=self._lifecycle(),
            readiness=self._readiness(),
            liveness="pass",
            rate_limit=node.rate_limit(),
            perimeter=node.perimeter(),
            waf=node.waf(),
            workers=self._runtime.workers.all(),
            database_pool=node.pool(),
            metrics=self._metrics(),
            maintenance=self._maintenance(),
            security=self._security(SECURITY_EVENTS if not for_alerts else 0),
            alerts=[],
        )
        if not for_alerts:
            self._decorate(taken)
        taken.alerts = alerts.hold(taken, runbook=self.runbook)
        if not for_alerts:
            self._date(taken)
        return taken

    def _decorate(self, taken: snapshot.Snapshot) -> None:
        self._draw(taken)
        # Top clients count over all processes and restarts; the tables of one process are small.
        top = self._top()
        taken.rate_limit.top_consumers = top["key"]
        taken.perimeter.blocked_origins = top["origin"]
        taken.waf.by_rule, taken.waf.by_address = top["rule"], top["address"]
        taken.waf.by_agent = top["agent"]

    def _date(self, taken: snapshot.Snapshot) -> None:
        """Since when they hold, by their episodes; and what others say besides."""
        held = taken.alerts
        try:
            with self._open_session() as session:
                since = taken.generated_at - foreign_alerts.LAPSED_SHOWN
                found = episodes.open_or_lapsed(session, since=since)
                known = [one for one in found if one.closed_at is None]
                episodes.date(held, known)
                of_monitors = [one for one in known if one.source == Source.MONITOR]
                foreign = [one for one in known if one.source == Source.ALERTMANAGER]
                held = held + list(map(foreign_alerts.shown, of_monitors))
                taken.alerts = alerts.join(held, list(map(foreign_alerts.shown, foreign)))
                lapsed = [one for one in found if one.closed_at is not None]
                taken.lapsed_alerts = list(map(foreign_alerts.shown, lapsed[:20]))
        except SQLAlchemyError as error:
            _log.warning("overview.database_unreachable", error=type(error).__name__)

    def _metrics(self) -> snapshot.Metrics:
        settings = self._settings
        limit = int(settings.metrics_stale_after.total_seconds())
        try:
            state = self._runtime.exporter.state()
        except OSError:
            # The run directory is away: nothing is known of scrapes, and that is said as an
            # attempt, for the panel must not fall with it.
            now = clock.now().timestamp()
            state = ScrapeState(clock.boot_seconds(), now)
            state.attempts.append(Attempt(now, "-", None, 503, "run directory cannot be used"))
        boot = clock.boot_seconds()
        real = {token.name for token in settings.metrics_tokens if not token.is_manual}
        is_set_up = bool(real) and (
            settings.scraper_expected
            or not real.isdisjoint(state.scrapers)
            or self._runtime.exporter.is_set_up()
        )
        scrapers = []
        for token in settings.metrics_tokens:
            age = state.scraper_age(token.name, boot)
            record = state.scrapers.get(token.name)
            scrapers.append(
                snapshot.Scraper(
                    name=token.name,
                    is_manual=token.is_manual,
                    last_scrape_at=clock.at(record.wall) if record else None,
                    age_seconds=age,
                    stale=is_set_up and not token.is_manual and is_stale(age, limit_seconds=limit),
                )
            )
        return snapshot.Metrics(
            enabled=bool(settings.metrics_tokens),
            last_scrape_at=clock.at(state.last.wall) if state.last else None,
            seconds_since_last_scrape=state.age(boot),
            scrapes=state.scrapes,
            stale=any(one.stale for one in scrapers),
            is_set_up=is_set_up,
            stale_threshold_seconds=limit,
            scrapers=scrapers,
            recent_attempts=[
                snapshot.ScrapeAttempt(
                    at=clock.at(one.at),
                    address=one.address,
                    scraper=one.scraper,
                    status=one.status,
                    reason=one.reason,
                )
                for one in state.attempts
            ],
        )

    def _draw(self, taken: snapshot.Snapshot) -> None:
        try:
            with self._open_session() as session:
                drawn = samples.history(session)
        except SQLAlchemyError as error:
            _log.warning("overview.database_unreachable", error=type(error).__name__)
            return
        taken.database_pool.history = drawn.pool
        taken.metrics.history = drawn.scrapes
        taken.waf.history = drawn.waf
        taken.perimeter.history = drawn.perimeter

    def _security(self, most: int) -> snapshot.Security | None:
        try:
            with self._open_session() as session:
                events = [_told(row) for row in search.latest(session, most)] if most else []
        except SQLAlchemyError:
            return None
        refused = sum(event.type == "account.login.refused" for event in events)
        return snapshot.Security(
            level="elevated" if refused >= _PRESSED else "calm",
            events=events,
            spooled=self._core.audit_log.spool.waiting,
        )


def _told(row: search.Event) -> snapshot.SecurityEvent:
    detail = ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in sorted(row.detail.items())
    )
    at: datetime = row.at
    return snapshot.SecurityEvent(
        seq=row.seq, at=at, type=row.type, actor=row.actor, summary=detail[:200], detail=row.detail
    )
