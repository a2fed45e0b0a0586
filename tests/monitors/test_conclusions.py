"""What follows for a monitor from all that look at it, without a database."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.monitors import conclusions
from portal.monitors.conclusions import Conclusion
from portal.monitors.health import Health, Outcome
from portal.monitors.heartbeats import Beat
from portal.monitors.judging import Judgement, Result
from portal.monitors.watched import Watched, plan_of
from tests.instants import MINUTE
from tests.monitors.factories import START, monitor

pytestmark = pytest.mark.unit
NOW = START + timedelta(minutes=10)
UP, DOWN, UNKNOWN = Health.UP, Health.DOWN, Health.UNKNOWN
EVERY = {"nodes": "all"}


def minute(number: float) -> datetime:
    return START + number * MINUTE


def view(health: Health, since: float | None = 0, last: Outcome | None = None) -> Judgement:
    """What a node saw: what it is since a minute, and what the last look found, just now."""
    found = last if last is not None else Outcome[health.name]
    moment = None if since is None else minute(since)
    return Judgement(health, moment, (Result(NOW, found),))


def watched(slug: str = "a", views: dict[int, Judgement] | None = None, **values: Any) -> Watched:
    row = monitor(slug=slug, **{"nodes": "all", **values})
    return Watched(row, plan_of(row), row.rule, views=views or {})


def conclude(
    one: Watched, *above: Watched, quorum: int = 1, nodes: tuple[int, ...] = (1, 2, 3)
) -> Conclusion | None:
    return conclusions.conclude(one, above, quorum=quorum, nodes=nodes, now=NOW)


def test_what_is_paused_is_not_concluded():
    one = watched(views={1: view(UP)})
    assert conclude(one) is not None
    one.row.is_paused = True
    assert conclude(one) is None


def test_without_a_node_that_is_there_nothing_is_concluded():
    assert conclude(watched()) is None
    assert conclude(watched(views={9: view(UP)})) is None


def parent(health: Health = UP, detail: str = "", last: Outcome = Outcome.UP) -> Watched:
    one = watched("router", {1: view(health, last=last)})
    one.health, one.detail = health, detail
    return one


@pytest.mark.parametrize(
    ("health", "above", "expected", "why"),
    [
        (DOWN, parent(), DOWN, "what is above it is well"),
        (DOWN, parent(DOWN, last=Outcome.DOWN), UNKNOWN, "nobody can reach it"),
        (DOWN, parent(UNKNOWN, "Unreachable: X is down"), UNKNOWN, "nor what is above that"),
        (DOWN, parent(UNKNOWN, "Nobody has looked lately"), DOWN, "that does not make it so"),
        (DOWN, parent(last=Outcome.DOWN), None, "the next look decides"),
        (UP, parent(DOWN, last=Outcome.DOWN), UP, "it is reached all the same"),
        (UP, parent(last=Outcome.DOWN), UP, "it is reached in any case"),
    ],
)
def test_below_another(health: Health, above: Watched, expected: Health | None, why: str):
    found = conclude(watched(views={1: view(health)}), above)
    assert (found and found.health) is expected, why
    if expected is UNKNOWN:
        assert found is not None
        assert found.detail == "Unreachable: ROUTER is down"


@pytest.mark.parametrize(
    ("views", "was", "since", "at", "why"),
    [
        ({1: view(DOWN, 3)}, UP, 1, 3, "since the node saw it"),
        ({1: view(DOWN, 3), 2: view(DOWN, 5)}, UP, 1, 5, "since as many as are needed did"),
        ({1: view(DOWN, 3), 2: view(UP, 7)}, UP, 1, 3, "not since another saw it well"),
        ({1: view(DOWN, 3)}, UP, 4, 4, "never before what it was until then began"),
        ({1: view(DOWN, 12)}, UP, 1, 10, "nor in the future"),
        ({1: view(DOWN, 3)}, DOWN, 1, 1, "it was that before"),
        ({1: view(DOWN, 3)}, DOWN, None, 3, "nobody knows since when it was"),
        ({1: view(DOWN, 3)}, UNKNOWN, None, 3, "nothing was known"),
        ({1: view(DOWN, None)}, UP, None, 10, "no node knows since when"),
        ({1: view(DOWN, None), 2: view(DOWN, 3)}, UP, 1, 3, "one knows"),
    ],
)
def test_since_when(
    views: dict[int, Judgement], was: Health, since: float | None, at: float, why: str
):
    one = watched(views=views)
    one.health, one.since = was, None if since is None else minute(since)
    found = conclude(one)
    assert found is not None
    assert (found.health, found.since) == (DOWN, minute(at)), why


@pytest.mark.parametrize(
    ("views", "quorum", "details", "said"),
    [
        ({1: view(UP)}, 1, {1: "200 OK"}, "200 OK"),
        ({1: view(UP)}, 1, {}, "Up"),
        ({1: view(DOWN), 2: view(UP)}, 1, {1: "503", 2: "200"}, "503; 1 of 2 nodes agree"),
        ({1: view(DOWN), 2: view(DOWN)}, 2, {1: "503", 2: ""}, "503; 2 of 2 nodes agree"),
        ({1: view(DOWN), 2: view(DOWN)}, 2, {1: "503", 2: "504"}, "504; 2 of 2 nodes agree"),
        ({1: view(UNKNOWN)}, 1, {1: "Offline"}, "Offline"),
        ({1: view(UNKNOWN, last=Outcome.UP)}, 1, {1: "200"}, "Nobody has looked lately"),
        ({1: view(UNKNOWN), 2: view(UP)}, 2, {1: "Offline"}, "1 of 2 nodes could not look"),
        ({1: view(UP), 2: view(UP)}, 3, {}, "0 of 2 nodes could not look"),
    ],
)
def test_what_is_said(views: dict[int, Judgement], quorum: int, details: dict[int, str], said: str):
    one = watched(views=views)
    one.details = details
    found = conclude(one, quorum=quorum)
    assert found is not None
    assert found.detail == said


def heartbeat(pinged: float | None, **values: Any) -> Watched:
    config = {"period_seconds": 300, "grace_seconds": 60}
    row = monitor(kind="heartbeat", config=config)
    one = Watched(row, plan_of(row), row.rule, **values)
    moment = None if pinged is None else minute(pinged)
    one.beat = Beat(grace=MINUTE, period=5 * MINUTE, pinged_at=moment)
    return one


def test_of_a_heartbeat_that_never_came_nothing_is_said():
    assert conclude(heartbeat(None)) is None
    one = heartbeat(1)
    one.beat = None
    assert conclude(one) is None


@pytest.mark.parametrize(
    ("pinged", "was", "since", "health", "at", "why"),
    [
        (8, UNKNOWN, None, UP, 8, "since it came"),
        (8, UP, 1, UP, 1, "it was up before"),
        (8, UP, None, UP, 8, "nobody knows since when"),
        (2, UP, 1, DOWN, 8, "since it did not come in time"),
        (2, UP, 9, DOWN, 9, "never before what it was until then began"),
        (2, DOWN, 3, DOWN, 3, "it was down before"),
        (12, DOWN, 1, UP, 10, "not in the future"),
    ],
)
def test_a_heartbeat(
    pinged: float, was: Health, since: float | None, health: Health, at: float, why: str
):
    one = heartbeat(pinged, health=was, since=None if since is None else minute(since))
    found = conclude(one)
    assert found is not None
    assert (found.health, found.since) == (health, minute(at)), why
    assert one.beats_until == (minute(pinged + 6) if health is UP else None)


@pytest.mark.parametrize(
    ("below", "order"),
    [
        ({"a": [], "b": []}, "a b"),
        ({"a": ["b"], "b": []}, "b a"),
        ({"a": ["b", "c"], "b": ["c"], "c": []}, "c b a"),
        ({"a": ["c"], "b": ["c"], "c": []}, "c a b"),
        ({"a": ["gone"]}, "a"),
        ({"a": ["b"], "b": ["a"]}, "b a"),
    ],
)
def test_each_comes_after_those_that_it_depends_on(below: dict[str, list[str]], order: str):
    known = {slug: watched(slug, depends_on=above) for slug, above in below.items()}
    assert " ".join(one.row.slug for one in conclusions.in_order(known)) == order
