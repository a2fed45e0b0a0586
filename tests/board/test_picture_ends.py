"""Until when a picture is good; on values alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.board import picture as pictures
from portal.board.banners import Banner
from portal.board.components import ComponentView
from portal.board.incidents import IncidentView, UpdateView
from portal.status.components import State
from portal.status.incidents import Progress
from portal.status.terms import Audience, Status
from tests.board.pictures import banner, event, part, picture
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def test_a_picture_is_good_until_something_begins_or_ends():
    def until(
        *found: Banner, parts: tuple[ComponentView, ...] = (), events: tuple[IncidentView, ...] = ()
    ) -> timedelta:
        return pictures.next_change(found, parts, events, NOW) - NOW

    near, turn = timedelta(seconds=3), 12 * HOUR
    assert until() == turn
    due = event(next_update_at=NOW + near)
    assert until(events=(due,)) == near
    assert until(events=(due.model_copy(update={"resolved_at": NOW}),)) == turn
    assert until(banner()) == HOUR
    assert until(banner(ends_at=NOW + near)) == near
    assert until(banner(starts_at=NOW + near)) == near
    # It is told of an hour and a half before.
    assert until(banner(starts_at=NOW + 3 * HOUR, ends_at=None)) == 1.5 * HOUR
    assert until(banner(ends_at=None)) == turn
    assert until(banner(resolved_at=NOW)) == turn
    assert until(banner(ends_at=NOW + TICK), banner(ends_at=NOW + near)) == TICK
    assert until(parts=(part("api", ahead=[(State.MAJOR, NOW - HOUR, NOW + near, "")]),)) == near


def test_what_only_some_may_see_does_not_say_when_it_begins():
    shown = picture(
        banner(),
        banner("inside", audiences=["admin"], starts_at=NOW + HOUR / 2),
        components=(
            part("hidden", is_public=False, ahead=[(State.MAJOR, NOW - HOUR, NOW + TICK, "")]),
        ),
    )
    assert shown.valid_for(Audience.PUBLIC) == NOW + HOUR
    assert shown.valid_for(Audience.ADMIN) == shown.valid_until


def test_without_the_database_the_same_is_seen_at_another_instant():
    before = picture(
        banner("ends", ends_at=NOW + HOUR),
        banner("begins", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, status="scheduled"),
    )
    later = before.at(NOW + HOUR, stale_since=NOW + TICK)
    assert [one.status for one in later.banners] == [Status.RESOLVED, Status.ACTIVE]
    assert later.stale_since == NOW + TICK
    assert (later.generated_at, later.revision) == (NOW, 1)
    assert later.valid_until == NOW + 2 * HOUR


def test_readers_answers_change_with_what_they_may_know_of():
    inside = event(audiences=["admin"], next_update_at=NOW + TICK)
    shown = picture(banner(), incidents=(inside,))
    assert shown.valid_for(Audience.PUBLIC) == NOW + HOUR
    public = event(next_update_at=NOW + TICK)
    assert picture(banner(), incidents=(public,)).valid_for(Audience.PUBLIC) == NOW + TICK


@pytest.mark.parametrize(
    ("moment", "changed", "why"),
    [
        (NOW, NOW, "this instant counts"),
        (NOW - TICK, NOW - TICK, "a moment ago"),
        (NOW + TICK, NOW.replace(hour=0), "what is to come has changed nothing"),
    ],
)
def test_when_something_public_changed_last(moment: datetime, changed: datetime, why: str):
    assert picture(components=(part("api", changed_at=moment),)).changed_at == changed, why


@pytest.mark.parametrize(
    ("values", "changed", "why"),
    [
        ({"resolved_at": NOW - HOUR}, NOW - HOUR, "everyone may know that it was called off"),
        ({"resolved_at": NOW - HOUR, "audiences": ["admin"]}, None, "only some may"),
        ({}, None, "when it was called off is not known"),
    ],
)
def test_calling_off_is_a_change_for_who_knows_of_it(
    values: dict[str, Any], changed: datetime | None, why: str
):
    shown = picture(cancelled=(banner(**values),))
    assert shown.changed_at == (changed or NOW.replace(hour=0)), why


def test_what_readers_may_not_know_of_has_changed_nothing():
    line = UpdateView(at=NOW, status=Progress.MONITORING, message="Better.", message_html="")
    assert picture(incidents=(event(updates=[line]),)).changed_at == NOW
    inside = event(audiences=["admin"], updates=[line])
    assert picture(incidents=(inside,)).changed_at == NOW.replace(hour=0)


def test_without_the_database_a_component_is_not_known_for_ever():
    known = {"api": NOW + HOUR, "web": NOW + 2 * HOUR}
    shown = picture(components=(part("api"), part("web"), part("mail")), known_until=known)
    for now, unknown in (
        (NOW + HOUR - TICK, []),
        (NOW + HOUR, ["api"]),
        (NOW + 3 * HOUR, ["api", "web"]),
    ):
        later = shown.at(now, stale_since=NOW)
        assert [one.slug for one in later.components if one.is_unknown] == unknown
