"""Which alerts a snapshot gives, since when, and how urgent; on values alone."""

from datetime import timedelta

import pytest

from portal.runtime import alerts, snapshot
from portal.runtime.snapshot import Alert
from tests.runtime.calm import NOW, hold, only, pool, worker

pytestmark = pytest.mark.unit


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


@pytest.mark.parametrize(("pending", "holds"), [(2, False), (3, True), (9, True)])
def test_threads_that_wait_for_the_pool(pending, holds):
    found = hold(database_pool=pool(pending))
    assert bool(found) is holds
    if holds:
        assert (found[0].id, found[0].since, found[0].value) == ("pool-waiting", NOW, pending)
        assert found[0].labels == {"borrowed": "4"}


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
