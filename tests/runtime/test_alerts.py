"""Which alerts a snapshot gives, since when, and how urgent; on values alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.runtime import alerts, snapshot
from portal.runtime.snapshot import Alert, Snapshot
from tests.instants import MINUTE, TICK

pytestmark = pytest.mark.unit
NOW = datetime(2030, 6, 3, 12, 0, 0, 500_000, tzinfo=UTC)
WINDOW = snapshot.LimitWindow(
    started_at=NOW - MINUTE,
    ends_at=NOW,
    hits=0,
    allowed=0,
    blocked=0,
    active_keys=0,
    busiest_key=None,
    blocked_ratio=0.0,
    requests_per_second=0.0,
)


def calm(**values: Any) -> Snapshot:
    """A snapshot in which nothing is wrong."""
    return Snapshot(
        **{
            "id": "s",
            "generated_at": NOW,
            "environment": "test",
            "lifecycle": snapshot.LifecycleState(phase="ready", since="", by="", why=""),
            "readiness": snapshot.Readiness(status="pass", checks=[]),
            "liveness": "pass",
            "rate_limit": limit(),
            "perimeter": snapshot.Perimeter(
                total_blocked=0,
                last_blocked_at=None,
                active_blocked_origins=0,
                blocked_origins=[],
                active_blocks=0,
                auto_blocks=0,
                blocks=[],
                recent=[],
            ),
            "waf": snapshot.Waf(
                engine="own",
                rule_set="own",
                evaluated=0,
                blocked=0,
                errors=0,
                last_block_at=None,
                by_rule=[],
                by_address=[],
                by_agent=[],
                recent_blocks=[],
                auto_block=snapshot.AutoBlock(
                    enabled=False, threshold=0, window_seconds=0, ttl_seconds=0, events=0, active=[]
                ),
            ),
            "database_pool": pool(0),
            "metrics": metrics(),
            "workers": [],
            "maintenance": None,
            "security": None,
            "alerts": [],
            **values,
        }
    )


def limit(near: list[snapshot.NearKey] | None = None, **window: Any) -> snapshot.RateLimit:
    return snapshot.RateLimit(
        config=snapshot.LimitConfig(
            rate="300/minute",
            limit=300,
            window_seconds=60,
            strategy="fixed-window",
            storage="memory",
        ),
        storage_up=True,
        current_window=WINDOW.model_copy(update=window),
        approaching_limit=near or [],
        history=[],
        lifetime=snapshot.Totals(hits=0, allowed=0, blocked=0),
        top_consumers=[],
        last_limit_triggered_at=None,
    )


def pool(pending: int) -> snapshot.DatabasePool:
    return snapshot.DatabasePool(
        engine="sqlite", size=5, available=1, borrowed=4, pending=pending, last_event_at=None
    )


def metrics(*scrapers: snapshot.Scraper) -> snapshot.Metrics:
    return snapshot.Metrics(
        enabled=True,
        last_scrape_at=None,
        seconds_since_last_scrape=0,
        scrapes=0,
        stale=False,
        stale_threshold_seconds=90,
        scrapers=list(scrapers),
        recent_attempts=[],
    )


def scraper(name: str, **values: Any) -> snapshot.Scraper:
    return snapshot.Scraper(
        **{
            "name": name,
            "is_manual": False,
            "last_scrape_at": None,
            "age_seconds": 100,
            "stale": True,
            **values,
        }
    )


def worker(**values: Any) -> snapshot.Worker:
    return snapshot.Worker(
        **{
            "name": "jobs",
            "status": "healthy",
            "is_required": True,
            "pending": 0,
            "stuck": 0,
            "failed": 0,
            "interval_ms": 2000,
            "last_sample_at": NOW - MINUTE,
            "note": "n",
            "history": [],
            **values,
        }
    )


def refusals(count: int, ago: timedelta, address: str = "192.0.2.1") -> list[snapshot.Refused]:
    return [
        snapshot.Refused(at=NOW - ago, reference="r", address=address, rule="x", route="GET /")
        for _ in range(count)
    ]


def hold(**values: Any) -> list[Alert]:
    return alerts.hold(calm(**values), runbook="/runbook")


def only(**values: Any) -> Alert:
    found = hold(**values)
    assert len(found) == 1
    return found[0]


def test_nothing_holds_in_a_calm_snapshot():
    assert hold() == []
    passing = snapshot.Check(name="database", status="pass")
    assert hold(readiness=snapshot.Readiness(status="pass", checks=[passing])) == []
    assert hold(workers=[worker()]) == []


def test_readiness_names_what_fails():
    checks = [
        snapshot.Check(name=name, status=status)
        for name, status in (("database", "fail"), ("disk", "pass"), ("queue", "fail"))
    ]
    one = only(readiness=snapshot.Readiness(status="fail", checks=checks))
    assert (one.id, one.severity, one.since) == ("readiness-failing", "critical", NOW)
    assert (one.value, one.labels) == (2, {"checks": "database, queue"})
    assert one.runbook == "/runbook#section-1"


@pytest.mark.parametrize(
    ("scrapers", "value", "since", "names", "why"),
    [
        ([scraper("a", stale=False)], None, None, "", "it came in time"),
        ([scraper("a", is_manual=True)], None, None, "", "a person comes when they like"),
        (
            [scraper("a")],
            100,
            NOW.replace(microsecond=0) - timedelta(seconds=100),
            "a",
            "it never came: by its age, to the second",
        ),
        (
            [scraper("a", last_scrape_at=NOW - MINUTE)],
            100,
            NOW - MINUTE,
            "a",
            "since its last visit",
        ),
        (
            [scraper("b"), scraper("a", age_seconds=300)],
            300,
            NOW.replace(microsecond=0) - timedelta(seconds=300),
            "a, b",
            "the longest away speaks",
        ),
    ],
)
def test_scrapers_that_stay_away(scrapers, value, since, names, why):
    found = hold(metrics=metrics(*scrapers))
    if value is None:
        assert found == [], why
        return
    one = found[0]
    assert (one.id, one.severity) == ("exporter-stale", "critical")
    assert (one.value, one.since, one.labels) == (value, since, {"scraper": names}), why
    assert one.threshold == 90


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ({"status": "healthy"}, [], "it works"),
        ({"status": "stopped"}, [], "it was told to stop"),
        ({"status": "error"}, [("worker-error", "critical", 60, 6.0)], "it is needed"),
        (
            {"status": "error", "is_required": False},
            [("worker-error", "warning", 60, 6.0)],
            "it is not",
        ),
        (
            {"status": "error", "last_sample_at": None},
            [("worker-error", "critical", 0, 6.0)],
            "nothing was ever heard of it",
        ),
        ({"stuck": 4}, [("worker-stuck", "warning", 4, 0.0)], "its jobs do not move"),
        (
            {"status": "error", "stuck": 4},
            [("worker-error", "critical", 60, 6.0), ("worker-stuck", "warning", 4, 0.0)],
            "both",
        ),
    ],
)
def test_workers(values, expected, why):
    found = hold(workers=[worker(**values)])
    assert [(one.id, one.severity, one.value, one.threshold) for one in found] == expected, why
    for one in found:
        assert one.subject == "jobs"
        assert one.since == (NOW if values.get("last_sample_at", 1) is None else NOW - MINUTE)


@pytest.mark.parametrize(("pending", "holds"), [(2, False), (3, True), (9, True)])
def test_threads_that_wait_for_the_pool(pending, holds):
    found = hold(database_pool=pool(pending))
    assert bool(found) is holds
    if holds:
        assert (found[0].id, found[0].since, found[0].value) == ("pool-waiting", NOW, pending)
        assert found[0].labels == {"borrowed": "4"}


@pytest.mark.parametrize(
    ("hits", "ratio", "holds", "why"),
    [
        (50, 0.11, True, "more than a tenth of enough requests"),
        (49, 0.9, False, "too few to tell"),
        (50, 0.1, False, "a tenth is still all right"),
        (50, 0.0, False, "nobody was refused"),
    ],
)
def test_pressure_on_the_limit(hits, ratio, holds, why):
    found = hold(rate_limit=limit(hits=hits, blocked=7, blocked_ratio=ratio))
    assert bool(found) is holds, why
    if holds:
        one = found[0]
        assert (one.id, one.value, one.since) == ("rate-limit-pressure", ratio, NOW - MINUTE)
        assert one.labels == {"key": "", "blocked": "7"}


def test_pressure_names_the_busiest_key():
    one = only(rate_limit=limit(hits=50, blocked_ratio=0.5, busiest_key="ip:192.0.2.1"))
    assert one.labels["key"] == "ip:192.0.2.1"


@pytest.mark.parametrize(
    ("late", "ago", "value", "why"),
    [
        (20, timedelta(0), 20, "enough of them now"),
        (19, timedelta(0), None, "one too few"),
        (20, 5 * MINUTE, 20, "five minutes are within"),
        (20, 5 * MINUTE + TICK, None, "a moment more is not"),
    ],
)
@pytest.mark.parametrize("defence", ["waf", "perimeter"])
def test_a_spike_of_refusals(defence, late, ago, value, why):
    recent = [*refusals(late, ago), *refusals(30, 6 * MINUTE, "192.0.2.9")]
    shown = calm()
    found = hold(
        **{
            "waf": {"waf": shown.waf.model_copy(update={"recent_blocks": recent})},
            "perimeter": {"perimeter": shown.perimeter.model_copy(update={"recent": recent})},
        }[defence]
    )
    if value is None:
        assert found == [], why
        return
    one = found[0]
    assert (one.id, one.value, one.since) == (f"{defence}-spike", value, NOW - ago), why
    assert one.labels == {"address": "192.0.2.1"}


def test_a_spike_holds_since_its_first_refusal():
    recent = refusals(10, MINUTE) + refusals(10, 3 * MINUTE)
    shown = calm().waf.model_copy(update={"recent_blocks": recent})
    assert only(waf=shown).since == NOW - 3 * MINUTE


def test_the_key_nearest_to_its_limit():
    near = [
        snapshot.NearKey(key="ip:a", hits=290, limit=300, used=0.9666),
        snapshot.NearKey(key="ip:b", hits=250, limit=300, used=0.8333),
    ]
    one = only(rate_limit=limit(near))
    assert (one.id, one.value, one.since) == ("rate-limit-near", 96.7, NOW - MINUTE)
    assert one.labels == {"key": "ip:a", "keys": "2"}


@pytest.mark.parametrize(("age", "holds"), [(0.0, False), (60.0, False), (60.5, True)])
def test_a_board_that_nobody_confirmed(age, holds):
    shown = snapshot.Maintenance(
        active=[], upcoming=[], announcements_active=0, revision=1, board_age_seconds=age
    )
    found = hold(maintenance=shown)
    assert bool(found) is holds
    if holds:
        one = found[0]
        assert (one.id, one.value) == ("board-old", age)
        assert one.since == NOW - timedelta(seconds=age)


@pytest.mark.parametrize(("spooled", "holds"), [(0, False), (1, True)])
def test_events_that_wait_outside_the_database(spooled, holds):
    found = hold(security=snapshot.Security(level="calm", events=[], spooled=spooled))
    assert bool(found) is holds
    if holds:
        assert (found[0].id, found[0].value, found[0].since) == ("audit-spooling", spooled, NOW)


def told(id: str, **labels: str) -> Alert:
    return Alert(
        id=id,
        title=id,
        severity="warning",
        since=NOW,
        value=1,
        threshold=0,
        unit="x",
        labels=labels,
        runbook="",
        subject=labels.pop("subject", ""),
    )


def test_what_prometheus_says_of_an_own_alert_is_named_once_with_it():
    own = told("worker-error", subject="jobs")
    foreign = [
        told("WorkerFails", portal_alert="worker-error", worker="jobs"),
        told("WorkerFails", portal_alert="worker-error", worker="jobs", replica="b"),
        told("WorkerFails", portal_alert="worker-error", worker="mails"),
    ]
    assert alerts.join([own], foreign) == [own, foreign[2]]
    assert own.also == ["WorkerFails"]


def test_a_monitor_is_a_subject_as_well():
    own = told("monitor-down", subject="shop")
    assert alerts.join([own], [told("Shop", portal_alert="monitor-down", monitor="shop")]) == [own]
