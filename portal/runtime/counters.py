"""The table of all series, and the counters that the processes of a node share.

Counters are prometheus_client's: in this process alone, or in its multiprocess files when
`portal serve` runs several web processes. Panel, API and feed read them through `Counters.read`,
so that they cannot disagree.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from portal.runtime.counter_file import CounterFile

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
# Before the first counter: a full disk must not end the process that counts.
values.MmapedDict = CounterFile  # type: ignore[attr-defined]

REJECTIONS = ("missing", "invalid")
COLLECTORS = (
    "exporter",
    "rate_limit",
    "waf",
    "perimeter",
    "database",
    "workers",
    "status",
    "monitors",
    "http",
)

# name without prefix -> (type, help, labels); `_total` is added to counters by the library.
TABLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "metrics_scrapes": ("counter", "Authorised reads of this feed.", ()),
    "metrics_last_scrape_timestamp": (
        "gauge",
        "Time of the last read of this feed, in Unix seconds.",
        (),
    ),
    "metrics_seconds_since_last_scrape": (
        "gauge",
        "Seconds since the previous authorised read of this feed, by a scraper or a person.",
        (),
    ),
    "metrics_scraper_last_scrape_timestamp": (
        "gauge",
        "Time of each scraper's last read, in Unix seconds.",
        ("scraper",),
    ),
    "metrics_scraper_age_seconds": (
        "gauge",
        "Seconds since each scraper's previous read. Manual tokens are not scrapers.",
        ("scraper",),
    ),
    "metrics_scrape_rejections": ("counter", "Reads that were refused.", ("reason",)),
    "metrics_collector_errors": (
        "counter",
        "Metric families that could not be rendered.",
        ("collector",),
    ),
    "log_dropped": ("counter", "Log lines that could not be written.", ()),
    "alerts_skipped": ("counter", "Pushed alerts that could not be read.", ()),
    "rate_limit_hits": ("counter", "Requests counted by the rate limit.", ()),
    "rate_limit_allowed": ("counter", "Requests allowed by the rate limit.", ()),
    "rate_limit_blocked": ("counter", "Requests refused by the rate limit.", ()),
    "rate_limit_window_blocked_ratio": (
        "gauge",
        "Share of requests refused in the current window.",
        (),
    ),
    "rate_limit_active_keys": ("gauge", "Clients with a request in the current window.", ()),
    "rate_limit_rps": ("gauge", "Requests per second in the current window.", ()),
    "rate_limit_storage_up": ("gauge", "1 if the rate limit's storage answers, 0 if not.", ()),
    "waf_evaluated_requests": ("counter", "Requests inspected by the WAF.", ()),
    "waf_blocked_requests": ("counter", "Requests refused by the WAF.", ()),
    "waf_auto_block_events": ("counter", "Blocks created automatically after WAF refusals.", ()),
    "waf_errors": ("counter", "Requests that the WAF could not inspect.", ()),
    "waf_rule_hits": ("counter", "Requests refused by each WAF rule.", ("rule",)),
    "waf_active_auto_blocks": ("gauge", "Active automatic blocks.", ()),
    "waf_last_block_timestamp": ("gauge", "Time of the WAF's last refusal, in Unix seconds.", ()),
    "perimeter_blocked_requests": ("counter", "Requests refused by the perimeter.", ()),
    "perimeter_active_blocked_origins": (
        "gauge",
        "Origins refused by the perimeter in the last 15 minutes.",
        (),
    ),
    "perimeter_active_blocks": ("gauge", "Active blocks.", ()),
    "perimeter_last_block_timestamp": (
        "gauge",
        "Time of the perimeter's last refusal, in Unix seconds.",
        (),
    ),
    "worker_status": ("gauge", "Status of a worker: 1 healthy, 0 stopped, -1 error.", ("worker",)),
    "worker_queue_pending": ("gauge", "Jobs waiting in a worker's queue.", ("worker",)),
    "worker_queue_stuck": ("gauge", "Jobs that were started and make no progress.", ("worker",)),
    "worker_queue_failed": ("gauge", "Jobs that failed.", ("worker",)),
    "worker_last_sample_timestamp": (
        "gauge",
        "Time of a worker's last report, in Unix seconds.",
        ("worker",),
    ),
    "worker_interval_ms": (
        "gauge",
        "Expected interval between reports, in milliseconds.",
        ("worker",),
    ),
    "database_pool_size": ("gauge", "Open connections.", ()),
    "database_pool_available": ("gauge", "Idle database connections.", ()),
    "database_pool_borrowed": ("gauge", "Database connections in use.", ()),
    "database_pool_pending": ("gauge", "Threads waiting for a database connection.", ()),
    "database_pool_last_event_timestamp": (
        "gauge",
        "Time of the pool's last checkout, in Unix seconds.",
        (),
    ),
    "component_status": (
        "gauge",
        "State of a component: 0 operational, 1 maintenance, 2 degraded, 3 partial, 4 major.",
        ("component",),
    ),
    "monitor_up": (
        "gauge",
        "1 if a monitor is up or degraded, 0 if it is down; absent while that is not known.",
        ("monitor",),
    ),
    "monitor_duration_seconds": ("gauge", "How long a monitor's last look took.", ("monitor",)),
    "monitor_certificate_expiry_timestamp": (
        "gauge",
        "When the certificate that a monitor saw ends, in Unix seconds.",
        ("monitor",),
    ),
    "monitor_last_run_timestamp": (
        "gauge",
        "Time of a monitor's last look, in Unix seconds.",
        ("monitor",),
    ),
    "maintenance_active": ("gauge", "Active maintenance windows.", ()),
    "incidents_open": ("gauge", "Open incidents, including incident announcements.", ()),
    "board_revision": ("gauge", "Revision of the content this process serves.", ()),
    "board_age_seconds": ("gauge", "Seconds since the database confirmed that content.", ()),
}


def is_shared() -> bool:
    """Whether counters live in files that several processes write."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ


def shared_families(folder: Path) -> list[Metric]:
    """The counters of all processes that write into `folder`, the dead ones' too."""
    # A process that starts makes its file empty first; the library cannot read it until it grew.
    files = [str(path) for path in folder.glob("*.db") if path.stat().st_size]
    merged = MultiProcessCollector.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
    return list(merged)


class Counters:
    """The counters of one app, and the making of families under its prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.registry = CollectorRegistry()
        # Called before anybody reads: what is counted elsewhere first comes in here.
        self.before_read: list[Callable[[], None]] = []
        # The library decides this when it is first imported, and only then.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        self.allowed = self._counter("rate_limit_allowed")
        self.blocked = self._counter("rate_limit_blocked")
        self.waf_evaluated = self._counter("waf_evaluated_requests")
        self.waf_blocked = self._counter("waf_blocked_requests")
        self.auto_blocks = self._counter("waf_auto_block_events")
        self.waf_errors = self._counter("waf_errors")
        self.waf_rule_hits = self._counter("waf_rule_hits")
        self.perimeter_blocked = self._counter("perimeter_blocked_requests")
        self.rejections = self._counter("metrics_scrape_rejections")
        self.collector_errors = self._counter("metrics_collector_errors")
        self.log_dropped = self._counter("log_dropped")
        self.alerts_skipped = self._counter("alerts_skipped")
        self._totals = (
            self.allowed,
            self.blocked,
            self.waf_evaluated,
            self.waf_blocked,
            self.auto_blocks,
            self.waf_errors,
            self.perimeter_blocked,
        )
        for reason in REJECTIONS:
            self.rejections.labels(reason)
        for collector in COLLECTORS:
            self.collector_errors.labels(collector)

    def expect_rules(self, rules: Iterable[str]) -> None:
        """Every rule has its series from the start, with 0."""
        for rule in rules:
            self.waf_rule_hits.labels(rule)

    def family(self, name: str, *samples: tuple[tuple[str, ...], float]) -> Metric:
        """A family of the table with its samples, each as (label values, value)."""
        kind, text, labels = TABLE[name]
        family = Metric(self.prefix + name, text, kind)
        suffix = "_total" if kind == "counter" else ""
        for of_labels, value in samples:
            family.add_sample(
                self.prefix + name + suffix, dict(zip(labels, of_labels, strict=True)), value
            )
        return family

    def gauge(self, name: str, value: float) -> Metric:
        return self.family(name, ((), value))

    def counted(self) -> list[Metric]:
        """All counters of this node, ours and those by endpoint."""
        return self._families(self.registry)

    def read(self) -> "Counts":
        """The totals of this node."""
        return self.counts_in(self._families(*self._totals))

    def _families(self, *sources: Collector) -> list[Metric]:
        """Of these alone where no files are to be read, in which all lie together."""
        for bring_in in self.before_read:
            bring_in()
        if is_shared():
            return shared_families(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        return [family for source in sources for family in source.collect()]

    def counts_in(self, families: Iterable[Metric]) -> "Counts":
        totals = {
            family.name.removeprefix(self.prefix): int(sum(one.value for one in family.samples))
            for family in families
            if family.name.removeprefix(self.prefix) in _COUNTED
        }
        return Counts(*(totals.get(name, 0) for name in _COUNTED))

    def _counter(self, name: str) -> Counter:
        _, text, labels = TABLE[name]
        return Counter(self.prefix + name, text, labels, registry=self.registry)


_COUNTED = (
    "rate_limit_allowed",
    "rate_limit_blocked",
    "waf_evaluated_requests",
    "waf_blocked_requests",
    "waf_auto_block_events",
    "waf_errors",
    "perimeter_blocked_requests",
)


class Counts(NamedTuple):
    """Totals of a node; hits = allowed + blocked, by construction."""

    allowed: int
    blocked: int
    waf_evaluated: int
    waf_blocked: int
    auto_blocks: int
    waf_errors: int
    perimeter_blocked: int

    @property
    def hits(self) -> int:
        return self.allowed + self.blocked
