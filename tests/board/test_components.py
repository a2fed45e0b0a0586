"""Components: what is derived, for now and for ninety days."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.board import components, days
from portal.board.days import Interval
from portal.errors import RuleError, StaleVersionError
from portal.status.components import ComponentIn, State
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.board.parts import HOUR, NOW, interval, part
from tests.clocks import StandingClock
from tests.instants import DAY
from tests.sites import Site


@pytest.mark.parametrize(
    ("intervals", "state", "why"),
    [
        ([], State.OPERATIONAL, "nothing is wrong"),
        ([interval(State.MAJOR, 2, 1)], State.OPERATIONAL, "it is over"),
        ([interval(State.MAJOR, 2, 0)], State.OPERATIONAL, "it ends now"),
        ([interval(State.DEGRADED, 1, None)], State.DEGRADED, "it goes on"),
        ([interval(State.DEGRADED, -1, None)], State.OPERATIONAL, "it has not begun"),
        (
            [interval(State.UNDER_MAINTENANCE, 1, -1), interval(State.PARTIAL, 1, None)],
            State.PARTIAL,
            "the worse wins",
        ),
    ],
)
def test_the_state_now(intervals: list[Interval], state: State, why: str):
    assert components.view(part(), intervals, now=NOW).state is state, why


@pytest.mark.parametrize(
    ("intervals", "hours", "why"),
    [
        ([], 0.0, "nothing was wrong"),
        ([interval(State.MAJOR, 6, 5)], 1.0, "an outage counts whole"),
        ([interval(State.PARTIAL, 6, 4)], 1.0, "a partial one by half"),
        ([interval(State.DEGRADED, 6, 4)], 0.0, "slow is not down"),
        ([interval(State.UNDER_MAINTENANCE, 6, 4)], 0.0, "a window is not down"),
        (
            [interval(State.MAJOR, 6, 4), interval(State.UNDER_MAINTENANCE, 5, 4)],
            1.0,
            "what a window covers is left out",
        ),
        (
            [interval(State.MAJOR, 6, 4), interval(State.PARTIAL, 7, 4)],
            2.5,
            "two at once count as the worse",
        ),
        ([interval(State.MAJOR, 14, 10)], 4.0, "over midnight"),
        ([interval(State.MAJOR, 3, None)], 3.0, "one that goes on counts until now"),
    ],
)
def test_uptime(intervals: list[Interval], hours: float, why: str):
    view = components.view(part(), intervals, now=NOW)
    # Of whole days, today among them.
    total = 90 * 24
    assert view.uptime == pytest.approx(1 - hours / total, abs=1e-6), why


def test_days_are_cut_at_midnight_and_named():
    view = components.view(part(), [interval(State.MAJOR, 14, 10, "INC-2030-0001")], now=NOW)
    assert [(one.day, one.minutes) for one in view.events] == [
        (date(2030, 6, 3), 120),
        (date(2030, 6, 2), 120),
    ]
    assert view.states[-2:] == [State.MAJOR, State.MAJOR]
    assert view.states[:-2] == [State.OPERATIONAL] * 88
    assert view.events[0].labels == ["INC-2030-0001"]


def test_days_before_the_first_are_without_data_and_do_not_count():
    view = components.view(part(since=date(2030, 6, 2)), [interval(State.MAJOR, 400, 37)], now=NOW)
    assert view.states == [None] * 88 + [State.OPERATIONAL] * 2
    assert view.uptime == 1.0


def test_the_history_agrees_with_a_walk_by_the_minute():
    import random

    chance = random.Random(7)
    states = [State.MAJOR, State.PARTIAL, State.DEGRADED, State.UNDER_MAINTENANCE]
    for _ in range(20):
        intervals = []
        for _ in range(6):
            begin = chance.randrange(1, 5000)
            end = chance.choice([None, chance.randrange(0, begin)])
            minute = timedelta(minutes=1)
            intervals.append(
                Interval(
                    chance.choice(states),
                    NOW - minute * begin,
                    None if end is None else NOW - minute * end,
                    "",
                )
            )
        view = components.view(part(since=date(2030, 5, 31)), intervals, now=NOW)
        begins = datetime(2030, 5, 31, tzinfo=UTC)
        down, moment = 0.0, begins
        worst: dict[date, State] = {}
        while moment < NOW:
            held = {
                one.state
                for one in intervals
                if one.began_at <= moment and (one.ended_at is None or one.ended_at > moment)
            }
            for state in held:
                if moment.date() not in worst or state.rank > worst[moment.date()].rank:
                    worst[moment.date()] = state
            if held and State.UNDER_MAINTENANCE not in held:
                down += max(days.WEIGHTS.get(state, 0.0) for state in held)
            moment += timedelta(minutes=1)
        assert view.uptime == pytest.approx(1 - down / (4 * DAY / timedelta(minutes=1)), abs=1e-6)
        assert {one.day: one.state for one in view.events} == worst


def test_a_window_puts_its_parts_under_maintenance(either: Site, still: StandingClock):
    status = either.portal.status
    for slug in ("api", "web"):
        status.components.add(By("a"), ComponentIn(slug=slug, name=slug))
    with pytest.raises(RuleError, match="slug db"):
        either.portal.status.windows.schedule(
            By("a"), WindowIn(title="x", ends_at=still.moment + HOUR, components=["db"])
        )
    row = either.portal.status.windows.schedule(
        By("a"), WindowIn(title="Work", ends_at=still.moment + HOUR, components=["api"])
    )

    def states() -> dict[str, str]:
        either.portal.board.refresh()
        told = either.client().get("/api/status").get_json()["components"]
        return {one["slug"]: one["state"] for one in told}

    assert states() == {"api": "under_maintenance", "web": "operational"}
    assert either.figure('gigvora_component_status{component="api"}') == 1
    still.advance(hours=2)
    assert states() == {"api": "operational", "web": "operational"}
    (api, _) = either.portal.board.current().picture.components
    assert api.events[0].labels == [row.reference]
    assert api.uptime == 1.0


def test_a_state_by_hand_holds_until_it_is_taken_back(either: Site, still: StandingClock):
    status = either.portal.status
    status.components.add(By("a"), ComponentIn(slug="api", name="API", since=date(2030, 5, 1)))
    status.components.set_state(By("a", version=1), "api", State.PARTIAL)
    with pytest.raises(StaleVersionError):
        status.components.set_state(By("b", version=1), "api", State.MAJOR)
    still.advance(hours=2)
    assert either.client().get("/api/status").get_json()["description"] == "Partial outage"
    status.components.set_state(By("a", version=2), "api", None)
    (view,) = either.portal.board.current().picture.components
    assert view.state is State.OPERATIONAL
    assert (view.events[0].state, view.events[0].minutes) == (State.PARTIAL, 120)
    assert view.states[:56] == [None] * 56


def test_an_alert_impairs_what_depends_on_it(site: Site, still: StandingClock):
    from portal.worker import rounds

    site.portal.status.components.add(
        By("a"), ComponentIn(slug="figures", name="Figures", alerts=["exporter-stale"])
    )
    assert site.scrape().status_code == 200
    still.advance(seconds=200)
    rounds.run_once(site.portal)
    site.portal.board.refresh()
    still.advance(seconds=20)
    assert site.client().get("/api/status").get_json()["description"] == "Degraded performance"


def test_a_removed_part_takes_its_history_and_leaves_the_rest(either: Site):
    status = either.portal.status
    status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    status.components.set_state(By("a"), "api", State.MAJOR)
    with pytest.raises(RuleError, match="taken"):
        status.components.add(By("a"), ComponentIn(slug="api", name="Again"))
    status.components.remove(By("a"), "api")
    assert either.client().get("/api/status").get_json()["components"] == []
    status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    (view,) = either.portal.board.current().picture.components
    assert view.events == []
