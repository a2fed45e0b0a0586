"""What subscribers are told of an act that is taken back, and of one that is done again."""

from datetime import timedelta

import pytest

from portal.status import windows
from portal.status.announcements import AnnouncementIn, AnnouncementTimes, StatusChange
from portal.status.notices import Event
from portal.status.windows import Action, Window, WindowAct, WindowTimes
from portal.unit_of_work import By
from tests.instants import HOUR, NOW
from tests.status.world import World, window


def announcement(world: World, status: str) -> AnnouncementTimes:
    """A new one, and its times."""
    given = AnnouncementIn(title="News", status=status)
    return AnnouncementTimes.of(world.status.announcements.create(By("ada"), given))


def change(world: World, status: str, *, is_held: bool = False) -> None:
    """Another status, of which nobody has heard as long as it is held."""
    asked = StatusChange(status=status)
    world.status.announcements.set_status(By("ada", can_undo=is_held), "news", asked)


@pytest.mark.parametrize(
    ("before", "after", "is_held", "told", "why"),
    [
        ("active", "resolved", True, ["published"], "for all they know it runs"),
        ("active", "resolved", False, ["published", "resolved", "published"], "it is back"),
        ("active", "draft", False, ["published"], "nobody heard that it was gone"),
        ("draft", "active", True, [], "nobody heard of it"),
        ("draft", "active", False, ["published"], "that it is a draft is for nobody to know"),
    ],
)
def test_what_is_told_of_a_status_that_is_taken_back(
    world: World, before: str, after: str, is_held: bool, told: list[str], why: str
):
    times = announcement(world, before)
    world.still.advance(seconds=1)
    change(world, after, is_held=is_held)
    row = world.status.announcements.undo(By("ada"), "news", times)
    assert AnnouncementTimes.of(row) == times
    assert world.told() == told, why
    assert world.logged() == ("announcement.undone", {"ref": "news", "after": before})


def test_an_announcement_that_was_resolved_told_and_undone_is_told_when_it_is_resolved_again(
    world: World,
):
    times = announcement(world, "active")
    change(world, "resolved")
    world.status.announcements.undo(By("ada"), "news", times)
    change(world, "resolved")
    assert world.told() == ["published", "resolved", "published", "resolved"]


def act(world: World, row: Window, action: Action) -> None:
    world.status.windows.act(By("ada"), row.reference, WindowAct(action=action))


@pytest.mark.parametrize(
    ("action", "starts", "told"),
    [
        (Action.START, HOUR, ["scheduled", "started", "changed", "started"]),
        (Action.CANCEL, HOUR, ["scheduled", "cancelled", "changed", "cancelled"]),
        (Action.END, timedelta(0), ["started", "ended", "changed", "ended"]),
    ],
)
def test_what_was_told_of_a_window_and_undone_is_told_when_it_is_done_again(
    world: World, action: Action, starts: timedelta, told: list[str]
):
    row = window(world, starts_at=NOW + starts)
    before = WindowTimes.of(row)
    act(world, row, action)
    world.status.windows.undo(By("ada"), row.reference, before)
    act(world, row, action)
    assert world.told() == told


@pytest.mark.parametrize(
    ("action", "starts", "event"),
    [(Action.START, HOUR, Event.STARTED), (Action.END, timedelta(0), Event.ENDED)],
)
def test_what_was_done_by_hand_is_not_told_again_by_the_clock(
    world: World, action: Action, starts: timedelta, event: Event
):
    row = window(world, starts_at=NOW + starts)
    act(world, row, action)
    told = world.told()
    assert told[-1] == event
    with world.open_session() as session:
        found = windows.find(session, row.reference)
        assert found is not None
        windows.notify(session, found, event, now=NOW + HOUR)
        session.commit()
    assert world.told() == told
