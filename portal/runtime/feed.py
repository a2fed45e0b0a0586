"""The metrics feed: the counters of the node and the gauges of this instant, as text.

One failing collector costs only its own family; the error itself is counted.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import structlog
from prometheus_client import exposition
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics

from portal import clock
from portal.runtime import snapshot
from portal.runtime.counters import Counters
from portal.runtime.exporter import ScrapeState

_log = structlog.get_logger()


class _Collected:
    """What the text writers of prometheus_client ask for."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> list[Metric]:
        return self._families


class Feed:
    """Renders the feed; each part is a callable that may fail alone."""

    def __init__(
        self,
        counters: Counters,
        *,
        rate_limit: Callable[[], snapshot.RateLimit],
        waf: Callable[[], snapshot.Waf],
        perimeter: Callable[[], snapshot.Perimeter],
        pool: Callable[[], snapshot.DatabasePool],
        workers: Callable[[], list[snapshot.Worker]],
        board: Callable[[], "BoardFigures"],
        monitors: Callable[[], list["MonitorFigures"]] = list,
        manual: Collection[str] = (),
    ) -> None:
        self._counters = counters
        self._rate_limit = rate_limit
        self._waf_figures = waf
        self._perimeter_figures = perimeter
        self._pool = pool
        self._worker_figures = workers
        self._board = board
        self._monitor_figures = monitors
        self._manual = frozenset(manual)

    def collect(self) -> list[Metric]:
        """All families but the exporter's own."""
        parts: dict[str, Callable[[], list[Metric]]] = {
            "rate_limit": self._limits,
            "waf": self._waf,
            "perimeter": self._perimeter,
            "database": self._database,
            "workers": self._workers,
            "status": self._status,
            "monitors": self._monitors,
        }
        gauges: list[Metric] = []
        for name, part in parts.items():
            try:
                gauges += part()
            except Exception as error:
                # A scrape must come through whatever one collector meets.
                self._counters.collector_errors.labels(name).inc()
                _log.warning("feed.collector_failed", collector=name, error=repr(error))
        counted = self._counters.counted()
        counts = self._counters.counts_in(counted)
        return [*counted, self._counters.gauge("rate_limit_hits", counts.hits), *gauges]

    def text(
        self, collected: list[Metric], before: ScrapeState, after: ScrapeState, *, is_open: bool
    ) -> bytes:
        """The whole feed for the scrape that leads from `before` to `after`."""
        counters = self._counters
        boot = after.last.boot if after.last else clock.boot_seconds()
        known = sorted(after.scrapers)
        families = [
            counters.gauge("metrics_scrapes", after.scrapes),
            counters.gauge("metrics_last_scrape_timestamp", after.last.wall if after.last else 0),
            counters.gauge("metrics_seconds_since_last_scrape", before.age(boot)),
            counters.family(
                "metrics_scraper_last_scrape_timestamp",
                *(((name,), after.scrapers[name].wall) for name in known),
            ),
            counters.family(
                "metrics_scraper_age_seconds",
                # A first scrape ends no gap, however long the portal has run before it.
                *(
                    ((name,), before.scraper_age(name, boot) if name in before.scrapers else 0.0)
                    for name in known
                    if name not in self._manual
                ),
            ),
            *collected,
        ]
        writer = openmetrics.generate_latest if is_open else exposition.generate_latest
        return writer(_Collected(families))

    def _limits(self) -> list[Metric]:
        figures = self._rate_limit()
        window = figures.current_window
        gauge = self._counters.gauge
        return [
            gauge("rate_limit_window_blocked_ratio", window.blocked_ratio),
            gauge("rate_limit_active_keys", window.active_keys),
            gauge("rate_limit_rps", window.requests_per_second),
            gauge("rate_limit_storage_up", figures.storage_up),
        ]

    def _waf(self) -> list[Metric]:
        figures = self._waf_figures()
        gauge, last = self._counters.gauge, figures.last_block_at
        return [
            gauge("waf_active_auto_blocks", self._perimeter_figures().auto_blocks),
            gauge("waf_last_block_timestamp", last.timestamp() if last else 0),
        ]

    def _perimeter(self) -> list[Metric]:
        figures = self._perimeter_figures()
        gauge, last = self._counters.gauge, figures.last_blocked_at
        return [
            gauge("perimeter_active_blocked_origins", figures.active_blocked_origins),
            gauge("perimeter_active_blocks", figures.active_blocks),
            gauge("perimeter_last_block_timestamp", last.timestamp() if last else 0),
        ]

    def _workers(self) -> list[Metric]:
        workers = self._worker_figures()
        figure = {"healthy": 1.0, "stopped": 0.0, "error": -1.0}

        def family(name: str, value: Callable[[snapshot.Worker], float]) -> Metric:
            return self._counters.family(name, *(((one.name,), value(one)) for one in workers))

        return [
            family("worker_status", lambda one: figure[one.status]),
            family("worker_queue_pending", lambda one: one.pending),
            family("worker_queue_stuck", lambda one: one.stuck),
            family("worker_queue_failed", lambda one: one.failed),
            family(
                "worker_last_sample_timestamp",
                lambda one: one.last_sample_at.timestamp() if one.last_sample_at else 0,
            ),
            family("worker_interval_ms", lambda one: one.interval_ms),
        ]

    def _database(self) -> list[Metric]:
        pool = self._pool()
        gauge = self._counters.gauge
        last = pool.last_event_at
        return [
            gauge("database_pool_size", pool.size),
            gauge("database_pool_available", pool.available),
            gauge("database_pool_borrowed", pool.borrowed),
            gauge("database_pool_pending", pool.pending),
            gauge("database_pool_last_event_timestamp", last.timestamp() if last else 0),
        ]

    def _status(self) -> list[Metric]:
        board = self._board()
        gauge = self._counters.gauge
        return [
            self._counters.family(
                "component_status",
                *(((slug,), rank) for slug, rank in sorted(board.components.items())),
            ),
            gauge("maintenance_active", board.windows_active),
            gauge("incidents_open", board.incidents_open),
            gauge("board_revision", board.revision),
            gauge("board_age_seconds", board.age_seconds),
        ]

    def _monitors(self) -> list[Metric]:
        monitors = self._monitor_figures()

        def family(name: str, value: Callable[[MonitorFigures], float | None]) -> Metric:
            figures = ((one.slug, value(one)) for one in monitors)
            known = [((slug,), float(figure)) for slug, figure in figures if figure is not None]
            return self._counters.family(name, *known)

        return [
            family("monitor_up", lambda one: one.is_up),
            family("monitor_duration_seconds", lambda one: one.seconds),
            family("monitor_certificate_expiry_timestamp", lambda one: one.certificate_ends),
            family("monitor_last_run_timestamp", lambda one: one.last_run),
        ]


@dataclass(frozen=True)
class MonitorFigures:
    """What the feed tells of a monitor; None is left out."""

    slug: str
    is_up: bool | None
    seconds: float | None
    certificate_ends: float | None
    last_run: float | None


@dataclass(frozen=True)
class BoardFigures:
    """What the feed tells of the board."""

    windows_active: int
    incidents_open: int
    revision: int
    age_seconds: float
    components: dict[str, int]
