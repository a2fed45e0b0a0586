"""Windows: what can be done to them when, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import search
from portal.errors import ReusedKeyError, RuleError, StaleVersionError
from portal.notify import timetable
from portal.status import windows
from portal.status.notices import Notice
from portal.status.windows import WindowAct, WindowIn, WindowStatus
from portal.store.idempotency import IdempotencyKey
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.sites import Site


def overlapping(session: Session, row: windows.Window) -> list[str]:
    return windows.overlaps(session, [row], now=clock.now()).get(row.id, [])


def window_in(**values) -> WindowIn:
    return WindowIn(**{"title": "Upgrade", "ends_at": NOW + HOUR, **values})


def test_start_extend_and_end(either: Site, still: StandingClock):
    status = either.portal.status
    row = status.windows.schedule(By("ada"), window_in())
    assert row.status_at(NOW) is WindowStatus.ACTIVE
    longer = status.windows.act(
        By("ada", version=1), row.reference, WindowAct(action="extend", duration="30m")
    )
    assert longer.ends_at == NOW + 1.5 * HOUR
    assert longer.first_ends_at == NOW + HOUR
    still.advance(minutes=20)
    over = status.windows.act(By("ada", version=2), row.reference, WindowAct(action="end"))
    assert over.status_at(still.now()) is WindowStatus.ENDED
    assert over.ends_at == NOW + 1.5 * HOUR


# action, minutes after the window's start, its status then
REFUSED = [
    ("start", 10, "it runs"),
    ("cancel", 10, "it runs"),
    ("end", -10, "it has not begun"),
    ("extend", 76, "it is over for more than 15 minutes"),
    ("end", 70, "it is over"),
]


@pytest.mark.parametrize(("action", "minutes", "why"), REFUSED)
def test_an_act_that_does_not_fit_is_refused(
    site: Site, still: StandingClock, action, minutes, why
):
    status = site.portal.status
    begin = NOW + HOUR
    row = status.windows.schedule(By("ada"), window_in(starts_at=begin, ends_at=begin + HOUR))
    still.advance(minutes=60 + minutes)
    act = WindowAct(action=action, duration="5m" if action == "extend" else None)
    with pytest.raises(RuleError):
        status.windows.act(By("ada"), row.reference, act)


def test_one_that_has_just_run_out_goes_on_and_its_next_end_is_told_too(
    either: Site, still: StandingClock
):
    portal = either.portal

    def look() -> list[str]:
        """What the worker's look tells; all that was told, in its order."""
        with portal.core.open_session() as session:
            for act in timetable.due(session, either.settings, now=still.now()):
                act()
            session.commit()
            return list(session.scalars(select(Notice.event).order_by(Notice.id)))

    row = portal.status.windows.schedule(By("ada"), window_in())
    assert "Upgrade" in either.client().get("/").text
    still.advance(minutes=70)
    assert look() == ["started", "ended"]
    assert portal.board.current(still.now()).picture.active == ()
    act = WindowAct(action="extend", duration="15m")
    again = portal.status.windows.act(By("bob", version=1), row.reference, act)
    assert again.ends_at == still.now() + timedelta(minutes=15)
    assert again.first_ends_at == NOW + HOUR
    assert [one.ref for one in portal.board.current(still.now()).picture.active] == [row.reference]
    assert look() == ["started", "ended", "extended"]
    still.advance(minutes=15)
    assert look() == ["started", "ended", "extended", "ended"]
    assert look() == ["started", "ended", "extended", "ended"]
    with portal.core.open_session() as session:
        (event,), _ = search.search(session, event_type="maintenance.window.extended")
        told = session.scalars(select(Notice).where(Notice.event == "extended")).one()
    assert event.actor == "bob"
    assert told.facts["previousEndsAt"] == event.detail["before"] == "2030-06-03T13:00:00Z"
    assert told.facts["endsAt"] == event.detail["after"] == "2030-06-03T13:25:00Z"


def test_starting_early_keeps_the_length(site: Site, still: StandingClock):
    status = site.portal.status
    row = status.windows.schedule(
        By("ada"), window_in(starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR)
    )
    begun = status.windows.act(By("a", version=1), row.reference, WindowAct(action="start"))
    assert (begun.starts_at, begun.ends_at) == (NOW, NOW + 2 * HOUR)


@pytest.mark.parametrize("duration", [None, "", "soon", "-5m", "9999999999d", "0m", "400d"])
def test_extending_wants_a_duration(site: Site, still: StandingClock, duration):
    row = site.portal.status.windows.schedule(By("ada"), window_in())
    with pytest.raises(RuleError):
        site.portal.status.windows.act(
            By("a", version=1), row.reference, WindowAct(action="extend", duration=duration)
        )


def test_overlaps_are_named(either: Site, still: StandingClock):
    status = either.portal.status
    first = status.windows.schedule(By("ada"), window_in())
    second = status.windows.schedule(By("ada"), window_in(title="Other"))
    apart = status.windows.schedule(
        By("ada"), window_in(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    )
    with either.portal.core.open_session() as session:
        assert overlapping(session, second) == [first.reference]
        assert overlapping(session, apart) == []


@pytest.mark.fault(16)
def test_two_with_one_version_change_it_once(either: Site, still: StandingClock):
    status = either.portal.status
    row = status.windows.schedule(By("ada"), window_in())
    act = WindowAct(action="extend", duration="30m")
    status.windows.act(By("ada", version=1), row.reference, act)
    with pytest.raises(StaleVersionError):
        status.windows.act(By("bob", version=1), row.reference, act)


@pytest.mark.fault(17)
def test_a_key_is_kept_with_the_act(either: Site, still: StandingClock):
    status = either.portal.status
    once = IdempotencyKey("k", b"request", lambda row: {"reference": row.reference})
    row = status.windows.schedule(By("ada", key=once), window_in())
    with either.portal.core.open_session() as session:
        assert once.find(session).body == {"reference": row.reference}
        with pytest.raises(ReusedKeyError):
            replace(once, request=b"another").find(session)
