"""What may be given of a window, new or changed; on rows alone."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from portal.errors import RuleError
from portal.status import windows
from portal.status.terms import LONGEST, START_GRACE
from portal.status.windows import Window, WindowStatus
from tests.instants import HOUR, NOW, TICK
from tests.status.window_rows import (
    ACTIVE,
    CANCELLED,
    ENDED,
    PROPOSED,
    SCHEDULED,
    window,
    window_in,
)

pytestmark = pytest.mark.unit


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
