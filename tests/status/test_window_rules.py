"""What can be done to a window when; on rows alone."""

from datetime import timedelta

import pytest

from portal.errors import RuleError
from portal.status.windows import WindowStatus
from tests.instants import HOUR, NOW, TICK
from tests.status.window_rows import ACTIVE, CANCELLED, ENDED, PROPOSED, SCHEDULED, window

pytestmark = pytest.mark.unit


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
