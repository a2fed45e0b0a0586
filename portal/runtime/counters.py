"""The table of all series, and the counters that the processes of a node share.

Counters are prometheus_client's: in this process alone, or in its multiprocess files when
`portal serve` runs several web processes. Panel, API and feed read them through `Counters.read`,
so that they cannot disagree.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import prometheus_client
import prometheus_client.values
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from portal.runtime.counter_file import CounterFile

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
# Before the first counter: a full disk must not end the process that counts.
prometheus_client.values.MmapedDict = CounterFile  # type: ignore[attr-defined]

REJECTIONS = ("missing", "invalid")
COLLECTORS = ("exporter", "rate_limit", "waf", "perimeter", "database", "workers", "status", "http")

# name without prefix -> (type, help, labels); `_total` is added to counters by the library.
TABLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "metrics_scrapes": ("counter", "Authorised reads of this feed that were rendered.", ()),
    "metrics_last_scrape_timestamp": ("gauge", "When this feed was read, seconds.", ()),
    "metrics_seconds_since_last_scrape": (
        "gauge",
        "Whole seconds between this read and the one before it; any authorised read resets it, a"
        " person's too.",
        (),
    ),
    "metrics_scraper_last_scrape_timestamp": (
        "gauge",
        "When a scraper last read this feed, seconds.",
        ("scraper",),
    ),
    "metrics_scraper_age_seconds": (
        "gauge",
        "Whole seconds since a scraper's read before this one; only that scraper resets it, and"
        " manual tokens have none.",
        ("scraper",),
    ),
    "metrics_scrape_rejections": ("counter", "Reads that were refused.", ("reason",)),
    "metrics_collector_errors": ("counter", "Families left out of a feed.", ("collector",)),
    "log_dropped": ("counter", "Lines of the log that could not be written.", ()),
    "alerts_skipped": ("counter", "Pushed alerts that could not be taken.", ()),
    "rate_limit_hits": ("counter", "Requests that the limit was asked about.", ()),
    "rate_limit_allowed": ("counter", "Requests that the limit let pass.", ()),
    "rate_limit_blocked": ("counter", "Requests that the limit refused.", ()),
    "rate_limit_window_blocked_ratio": ("gauge", "Share refused in this window.", ()),
    "rate_limit_active_keys": ("gauge", "Keys with a request in their window.", ()),
    "rate_limit_rps": ("gauge", "Requests a second in this window.", ()),
    "rate_limit_storage_up": ("gauge", "1 while the limits' storage answers.", ()),
    "waf_evaluated_requests": ("counter", "Requests that the WAF looked at.", ()),
    "waf_blocked_requests": ("counter", "Requests that the WAF refused.", ()),
    "waf_auto_block_events": ("counter", "Blocks that the WAF's refusals led to.", ()),
    "waf_errors": ("counter", "Requests that the WAF could not judge.", ()),
    "waf_rule_hits": ("counter", "Refusals by rule.", ("rule",)),
    "waf_active_auto_blocks": ("gauge", "Automatic blocks in force.", ()),
    "waf_last_block_timestamp": ("gauge", "When the WAF last refused, seconds.", ()),
    "perimeter_blocked_requests": ("counter", "Requests that the perimeter refused.", ()),
    "perimeter_active_blocked_origins": (
        "gauge",
        "Origins that the perimeter refused in the last 15 minutes.",
        (),
    ),
    "perimeter_active_blocks": ("gauge", "Blocks in force.", ()),
    "perimeter_last_block_timestamp": ("gauge", "When the perimeter last refused, seconds.", ()),
    "worker_status": ("gauge", "1 healthy, 0 stopped, -1 error.", ("worker",)),
    "worker_queue_pending": ("gauge", "Jobs that wait.", ("worker",)),
    "worker_queue_stuck": ("gauge", "Jobs that were begun and do not move.", ("worker",)),
    "worker_queue_failed": ("gauge", "Jobs that failed.", ("worker",)),
    "worker_last_sample_timestamp": ("gauge", "When a worker last reported, seconds.", ("worker",)),
    "worker_interval_ms": ("gauge", "How often a worker is to report.", ("worker",)),
    "database_pool_size": ("gauge", "Open connections.", ()),
    "database_pool_available": ("gauge", "Open connections nobody uses.", ()),
    "database_pool_borrowed": ("gauge", "Connections in use.", ()),
    "database_pool_pending": ("gauge", "Threads that wait for a connection.", ()),
    "database_pool_last_event_timestamp": ("gauge", "When the pool last gave one, seconds.", ()),
    "component_status": (
        "gauge",
        "0 operational, 1 maintenance, 2 degraded, 3 partial, 4 major.",
        ("component",),
    ),
    "maintenance_active": ("gauge", "Windows that run now.", ()),
    "incidents_open": ("gauge", "Incidents that go on, announced ones too.", ()),
    "board_revision": ("gauge", "Revision that this process's board shows.", ()),
    "board_age_seconds": ("gauge", "Seconds since the database confirmed the board.", ()),
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
        for values, value in samples:
            family.add_sample(
                self.prefix + name + suffix, dict(zip(labels, values, strict=True)), value
            )
        return family

    def gauge(self, name: str, value: float) -> Metric:
        return self.family(name, ((), value))

    def counted(self) -> list[Metric]:
        """All counters of this node, ours and those by endpoint."""
        if is_shared():
            return shared_families(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        return list(self.registry.collect())

    def read(self) -> "Counts":
        """The totals of this node."""
        return self.counts_in(self.counted())

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
