"""What can be done to a window when, and what a given may say; on rows alone."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from portal.errors import RuleError
from portal.status import windows
from portal.status.terms import LONGEST, START_GRACE
from portal.status.windows import Window, WindowIn, WindowStatus
from tests import rows
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def window(starts: timedelta = -HOUR, ends: timedelta = HOUR, **values: Any) -> Window:
    """A valid window; its times are told from now."""
    times = {"starts_at": NOW + starts, "ends_at": NOW + ends, "first_ends_at": NOW + ends}
    named = {"reference": "m-abcdef", "title": "Upgrade", "components": ["api"]}
    made = {"created_by": "ada", "created_at": NOW - 2 * HOUR, "updated_at": NOW - 2 * HOUR}
    return rows.window(**{"id": 1, "channels": ["web"], **named, **times, **made, **values})


def window_in(**values: Any) -> WindowIn:
    return WindowIn(**{"title": "Upgrade", "ends_at": NOW + HOUR, **values})


SCHEDULED = {"starts": HOUR, "ends": 2 * HOUR}
ACTIVE = {"starts": -HOUR, "ends": HOUR}
ENDED = {"starts": -2 * HOUR, "ends": -HOUR}
CANCELLED = {**SCHEDULED, "cancelled_at": NOW}
PROPOSED = {**SCHEDULED, "awaits_approval": True}


@pytest.mark.parametrize(
    ("values", "status", "why"),
    [
        (SCHEDULED, WindowStatus.SCHEDULED, "it is ahead"),
        ({"starts": timedelta(0)}, WindowStatus.ACTIVE, "its first instant"),
        (ACTIVE, WindowStatus.ACTIVE, "it runs"),
        ({"ends": timedelta(0)}, WindowStatus.ENDED, "the end is not part of it"),
        ({"ended_at": NOW}, WindowStatus.ENDED, "it was ended before its time"),
        ({"ended_at": NOW + TICK}, WindowStatus.ACTIVE, "it was ended after this instant"),
        (CANCELLED, WindowStatus.CANCELLED, "it was called off now"),
        ({**SCHEDULED, "cancelled_at": NOW + TICK}, WindowStatus.SCHEDULED, "and not yet before"),
        (PROPOSED, WindowStatus.PROPOSED, "nobody has approved it"),
        ({**ENDED, "awaits_approval": True}, WindowStatus.PROPOSED, "nobody approved it in time"),
        ({**CANCELLED, "awaits_approval": True}, WindowStatus.CANCELLED, "nor will anybody"),
    ],
)
def test_the_status_of_a_window(values, status, why):
    assert window(**values).status_at(NOW) is status, why


ACTS = {
    "start": lambda row: row.start(now=NOW),
    "extend": lambda row: row.extend("30m", now=NOW),
    "end": lambda row: row.end(now=NOW),
    "cancel": lambda row: row.cancel(now=NOW),
    "approve": lambda row: row.approve(actor="bob", now=NOW),
}
MAY = {
    "start": {"scheduled"},
    "extend": {"scheduled", "active"},
    "end": {"active"},
    "cancel": {"scheduled", "proposed"},
    "approve": {"proposed"},
}
STATES = {
    "proposed": PROPOSED,
    "scheduled": SCHEDULED,
    "active": ACTIVE,
    "ended": ENDED,
    "cancelled": CANCELLED,
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ACTS)
def test_which_act_fits_which_status(act: str, state: str):
    row = window(**STATES[state])
    if state in MAY[act]:
        ACTS[act](row)
    else:
        with pytest.raises(RuleError, match=f"{state.capitalize()} windows cannot be"):
            ACTS[act](row)


def test_starting_early_moves_both_ends():
    row = window(starts=HOUR, ends=3 * HOUR)
    row.start(now=NOW)
    assert (row.starts_at, row.ends_at, row.first_ends_at) == (NOW, NOW + 2 * HOUR, NOW + 2 * HOUR)


def test_extending_keeps_the_first_end_on_record():
    row = window()
    row.extend("30m", now=NOW)
    assert row.ends_at == NOW + 1.5 * HOUR
    assert row.first_ends_at == NOW + HOUR


@pytest.mark.parametrize(
    ("values", "ends", "why"),
    [
        ({}, 30, "it ends now, and goes on from here"),
        ({"ends": -10}, 30, "who extends is late; the time counts from now"),
        ({"ends": -15}, 30, "fifteen minutes after its end it still can be"),
        ({"ends": -15, "tick": True}, None, "and not a moment later"),
        ({"ends": -5, "ended_at": NOW - HOUR / 6}, None, "somebody ended it by hand"),
        ({"ends": -5, "cancelled_at": NOW - HOUR}, None, "it was called off"),
        ({"ends": -5, "awaits_approval": True}, None, "nobody approved it"),
    ],
)
def test_a_window_that_has_just_run_out_is_opened_again(values, ends, why):
    values = {"ends": 0, "tick": False, **values}
    end = timedelta(minutes=values.pop("ends")) - TICK * values.pop("tick")
    row = window(starts=-HOUR, ends=end, **values)
    assert row.ran_out_lately(NOW) is (ends is not None), why
    if ends is None:
        with pytest.raises(RuleError) as caught:
            row.extend("30m", now=NOW)
        assert caught.value.field == "action"
        assert row.ends_at == NOW + end
        return
    row.extend("30m", now=NOW)
    assert (row.ends_at, row.first_ends_at) == (NOW + timedelta(minutes=ends), NOW + end), why
    assert row.status_at(NOW) is WindowStatus.ACTIVE


def test_a_window_that_ran_out_long_ago_says_when():
    row = window(starts=-2 * HOUR, ends=-HOUR)
    with pytest.raises(
        RuleError, match=r"more than 15 minutes after their end\. This one ended at 11:00"
    ):
        row.extend("30m", now=NOW)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (None, "duration"),
        ("", "duration"),
        ("soon", "duration"),
        ("999999d", "endsAt"),
        ("366d", "endsAt"),
    ],
)
def test_extending_wants_a_duration_that_can_be(text, field):
    row = window()
    with pytest.raises(RuleError) as caught:
        row.extend(text, now=NOW)
    assert caught.value.field == field
    assert row.ends_at == NOW + HOUR


def test_ending_and_cancelling_keep_the_plan():
    running, ahead = window(), window(**SCHEDULED)
    running.end(now=NOW)
    ahead.cancel(now=NOW)
    assert (running.ended_at, running.ends_at) == (NOW, NOW + HOUR)
    assert (ahead.cancelled_at, ahead.ends_at) == (NOW, NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("actor", "ends", "text", "why"),
    [
        ("bob", TICK, None, "a second pair of eyes, in time"),
        ("ada", HOUR, "Someone else", "the same eyes"),
        ("bob", timedelta(0), "end has passed", "it would be over"),
    ],
)
def test_approving_wants_another_person_and_an_end_ahead(actor, ends, text, why):
    row = window(starts=-HOUR, ends=ends, awaits_approval=True)
    if text is None:
        row.approve(actor=actor, now=NOW)
        assert (row.awaits_approval, row.approved_by) == (False, "bob"), why
        return
    with pytest.raises(RuleError, match=text):
        row.approve(actor=actor, now=NOW)


@pytest.mark.parametrize(
    ("starts", "is_taken", "why"),
    [
        (timedelta(0), True, "it begins now"),
        (HOUR, True, "it begins later"),
        (-START_GRACE, True, "the form took a minute to fill in"),
        (-START_GRACE - TICK, False, "it would have begun in the past"),
        (-timedelta(days=1), False, "it would have begun yesterday"),
    ],
)
def test_a_new_window_does_not_start_in_the_past(starts, is_taken, why):
    row = Window()
    given = window_in(starts_at=NOW + starts, ends_at=NOW + 2 * HOUR)
    if is_taken:
        given.apply(row, now=NOW)
        assert row.starts_at == NOW + starts, why
        return
    with pytest.raises(RuleError) as caught:
        given.apply(row, now=NOW)
    assert caught.value.field == "startsAt", why


@pytest.mark.parametrize(
    ("values", "starts", "is_taken", "why"),
    [
        (SCHEDULED, 3 * HOUR, True, "one that is ahead is put off"),
        (SCHEDULED, timedelta(0), True, "or begins now"),
        (SCHEDULED, -2 * HOUR, False, "but not in the past"),
        (ACTIVE, None, True, "one that runs keeps its start by itself"),
        (ACTIVE, -HOUR, True, "the same start may be said again, long ago as it is"),
        (ACTIVE, timedelta(0), False, "another may not"),
        (ACTIVE, 2 * HOUR, False, "nor one ahead"),
        (PROPOSED, 3 * HOUR, True, "a proposal is written anew"),
        (PROPOSED, -2 * HOUR, False, "and not in the past either"),
    ],
)
def test_which_start_an_edit_may_say(values, starts, is_taken, why):
    row = window(**values)
    before = row.starts_at
    given = window_in(starts_at=None if starts is None else NOW + starts, ends_at=NOW + 4 * HOUR)
    if is_taken:
        given.apply(row, now=NOW)
        assert row.starts_at == (before if starts is None else NOW + starts), why
        return
    with pytest.raises(RuleError) as caught:
        given.apply(row, now=NOW)
    assert caught.value.field == "startsAt", why
    assert row.starts_at == before


@pytest.mark.parametrize("values", [ENDED, CANCELLED], ids=["ended", "cancelled"])
def test_what_is_over_is_not_edited(values):
    with pytest.raises(RuleError, match="Create a new one") as caught:
        window_in(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR).apply(window(**values), now=NOW)
    assert caught.value.field == "status"


def test_the_first_end_is_the_plan_before_it_began():
    ahead, running = window(**SCHEDULED), window()
    for row in (ahead, running):
        window_in(ends_at=NOW + 5 * HOUR).apply(row, now=NOW)
        assert row.ends_at == NOW + 5 * HOUR
    assert ahead.first_ends_at == NOW + 5 * HOUR
    assert running.first_ends_at == NOW + HOUR


def test_a_window_without_a_start_begins_now_and_names_each_thing_once():
    row = Window()
    window_in(
        components=["api", "web", "api"], audiences=["public", "public"], channels=["api"] * 2
    ).apply(row, now=NOW)
    assert (row.starts_at, row.first_ends_at) == (NOW, NOW + HOUR)
    assert row.components == ["api", "web"]
    assert (row.audiences, row.channels) == (["public"], ["api"])
    with pytest.raises(RuleError, match="366 days"):
        window_in(ends_at=NOW + LONGEST + TICK).apply(Window(), now=NOW)


def test_an_effect_is_on_a_component_of_the_window():
    row = Window()
    window_in(components=["api"], effects={"api": "partial_outage"}).apply(row, now=NOW)
    assert row.effects == {"api": "partial_outage"}
    with pytest.raises(RuleError, match="web is not one of") as caught:
        window_in(components=["api"], effects={"web": "partial_outage"}).apply(row, now=NOW)
    assert caught.value.field == "effects"


@pytest.mark.parametrize(
    ("zone", "is_known"), [("Europe/Berlin", True), ("UTC", True), ("Berlin", False), ("", False)]
)
def test_a_zone_is_one_that_there_is(zone, is_known):
    if is_known:
        assert window_in(zone=zone).zone == zone
    else:
        with pytest.raises(ValidationError, match="is not a time zone"):
            window_in(zone=zone)


def test_a_window_is_told_with_what_it_overlaps():
    row = window(**ACTIVE)
    plain = windows.out(row, now=NOW)
    assert (plain.status, plain.overlaps, plain.freezes) == (WindowStatus.ACTIVE, [], [])
    assert (plain.reference, plain.components) == ("m-abcdef", ["api"])
    told = windows.out(row, now=NOW, overlaps=["m-other"], freezes=["Sale"])
    assert (told.overlaps, told.freezes) == (["m-other"], ["Sale"])


def test_a_reference_is_easy_to_read_out():
    found = {windows.new_reference() for _ in range(50)}
    assert len(found) == 50
    assert all(
        one.startswith("m-") and len(one) == 8 and not set(one[2:]) & set("01ilo") for one in found
    )
