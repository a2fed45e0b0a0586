"""What subscribers are told of a window and a series, and what not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.audit import search
from portal.status import series, windows
from portal.status.components import ComponentIn
from portal.status.notices import Event
from portal.status.series import SeriesIn
from portal.status.windows import Action, WindowAct, WindowIn
from portal.unit_of_work import By, Transaction
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.sites import Site
from tests.status.told import told, window


@pytest.mark.parametrize(
    ("values", "before", "facts", "why"),
    [
        ({}, None, {}, "nothing was before"),
        ({}, (NOW, NOW + HOUR), {}, "nothing moved"),
        ({}, (NOW - HOUR, NOW + HOUR), {"previousStartsAt": "2030-06-03T11:00:00Z"}, "the start"),
        ({}, (NOW, NOW + 2 * HOUR), {"previousEndsAt": "2030-06-03T14:00:00Z"}, "the end"),
        ({"impact": "slow"}, None, {"expected": "slow"}, "what to expect"),
        (
            {"components": ["api"], "effects": {"api": "partial_outage"}},
            None,
            {"effects": {"api": "partial_outage"}},
            "what is left",
        ),
    ],
)
def test_what_is_told_of_a_window(session: Session, values, before, facts, why):
    windows.notify(session, window(**values), Event.CHANGED, now=NOW, before=before)
    (one,) = told(session)
    assert one.facts == {
        "startsAt": "2030-06-03T12:00:00Z",
        "endsAt": "2030-06-03T13:00:00Z",
        "zone": "UTC",
        **facts,
    }, why
    assert (one.key, one.occurred_at, one.created_at) == ("window m-1 changed 3", NOW, NOW)
    assert (one.position, one.addressed_at) == (0, None)
    assert one.channels == ["email", "api"]


def test_a_window_that_was_ended_is_told_with_that_end(session: Session):
    row = window()
    row.ended_at = NOW + HOUR / 2
    windows.notify(
        session, row, Event.ENDED, now=NOW + HOUR, before=(NOW, NOW + HOUR), at=row.ended_at
    )
    (one,) = told(session)
    assert one.facts["endsAt"] == "2030-06-03T12:30:00Z"
    assert one.facts["previousEndsAt"] == "2030-06-03T13:00:00Z"
    assert (one.occurred_at, one.created_at) == (NOW + HOUR / 2, NOW + HOUR)


def test_a_window_that_was_opened_again_is_told_with_each_of_its_ends(session: Session):
    row = window()
    for minutes in (0, 30, 45):
        row.ends_at = NOW + HOUR + timedelta(minutes=minutes)
        windows.notify(session, row, Event.ENDED, now=row.ends_at)
        windows.notify(session, row, Event.ENDED, now=row.ends_at)
    assert [one.key for one in told(session)] == [
        "window m-1 ended",
        "window m-1 ended 2030-06-03T13:30:00Z",
        "window m-1 ended 2030-06-03T13:45:00Z",
    ]


def test_a_series_names_its_next_five(session: Session):
    row = SeriesIn(title="T", starts_at=NOW, ends_at=NOW + HOUR, recurrence="FREQ=DAILY").row(
        actor="ada", now=NOW
    )
    made = [window(starts_at=NOW + n * HOUR, ends_at=NOW + (n + 1) * HOUR) for n in range(7)]
    series.acts._notify(Transaction(session, NOW, By("a")), row, Event.SCHEDULED, made[::-1])
    found = told(session)[0].facts["windows"]
    assert len(found) == 5
    assert [one["startsAt"][11:13] for one in found] == ["12", "13", "14", "15", "16"]


@pytest.mark.parametrize(
    ("values", "is_told", "why"),
    [
        ({"ends_at": NOW + 4 * HOUR}, True, "it takes longer"),
        ({"starts_at": NOW + 2 * HOUR}, True, "it begins later"),
        ({"components": ["api"]}, True, "it touches something else"),
        ({"title": "Other words"}, False, "another title is no news"),
        ({"message": "Other words"}, False, "nor are other words"),
        ({"owner": "bob", "rollback_plan": "x"}, False, "nor what operators think of"),
        ({}, False, "nor nothing at all"),
    ],
)
def test_which_edits_of_a_window_are_told(
    site: Site, still: StandingClock, values: dict[str, Any], is_told: bool, why: str
):
    still.moment = NOW
    site.portal.status.components.add(By("ada"), ComponentIn(slug="api", name="API"))
    base = {"title": "T", "starts_at": NOW + HOUR, "ends_at": NOW + 3 * HOUR}
    row = site.portal.status.windows.schedule(By("ada"), WindowIn(**base))
    site.portal.status.windows.edit(
        By("ada", version=1), row.reference, WindowIn(**{**base, **values})
    )
    with site.portal.core.open_session() as session:
        events = [one.event for one in told(session)]
    assert events == (["scheduled", "changed"] if is_told else ["scheduled"]), why


@pytest.mark.parametrize(
    ("starts", "awaits", "events", "why"),
    [
        (HOUR, False, ["scheduled"], "it is ahead"),
        (timedelta(0), False, ["started"], "it runs"),
        (HOUR, True, [], "nobody has approved it"),
    ],
)
def test_what_of_a_new_window_is_told(session: Session, starts, awaits, events, why):
    row = window(starts_at=NOW + starts, ends_at=NOW + 2 * HOUR)
    row.awaits_approval = awaits
    windows.acts._notify_of_new(Transaction(session, NOW, By("a")), row)
    assert [one.event for one in told(session)] == events, why


@pytest.mark.parametrize(
    ("action", "starts", "event", "detail"),
    [
        (Action.START, HOUR, "started", {"starts": "12:00", "ends": "13:00"}),
        (Action.EXTEND, HOUR, "extended", {"before": "14:00", "after": "14:30"}),
        (Action.END, timedelta(0), "ended", {"ends": "14:00"}),
        (Action.CANCEL, HOUR, "cancelled", {}),
    ],
)
def test_each_act_on_a_window_is_on_record_and_told(
    site: Site, still: StandingClock, action, starts, event, detail
):
    still.moment = NOW
    given = WindowIn(title="T", starts_at=NOW + starts, ends_at=NOW + 2 * HOUR)
    row = site.portal.status.windows.schedule(By("ada"), given)
    duration = "30m" if action is Action.EXTEND else None
    act = WindowAct(action=action, duration=duration)
    changed = site.portal.status.windows.act(By("bob", version=1), row.reference, act)
    assert changed.version == 2
    with site.portal.core.open_session() as session:
        last = told(session)[-1]
        found, _ = search.search(session, event_type=f"maintenance.window.{event}")
    assert last.event == event
    moved = {name for name in last.facts if name.startswith("previous")}
    assert (
        moved
        == {
            Action.START: {"previousStartsAt", "previousEndsAt"},
            Action.EXTEND: {"previousEndsAt"},
            Action.END: {"previousEndsAt"},
            Action.CANCEL: set(),
        }[action]
    )
    assert {
        name: str(value)[11:16] for name, value in found[0].detail.items() if name != "ref"
    } == (detail)
    assert found[0].actor == "bob"
