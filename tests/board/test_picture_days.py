"""On which day of a picture something is listed."""

import pytest

from portal.board.picture import PAST_DAYS
from tests.board.pictures import banner, picture, refs
from tests.instants import DAY, HOUR, NOW, TICK

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("over", "day", "why"),
    [
        (NOW - HOUR, 0, "an hour ago is today"),
        (NOW.replace(hour=0), 0, "midnight belongs to the day that begins"),
        (NOW.replace(hour=0) - TICK, 1, "a moment before is yesterday"),
        (NOW - 6 * DAY, 6, "the last day that is shown"),
        (NOW - 7 * DAY, None, "a week ago is not shown"),
    ],
)
def test_on_which_day_an_ended_one_is_listed(over, day, why):
    one = banner("over", status="resolved", starts_at=over - HOUR, ends_at=over)
    days = picture(one).past_days
    assert len(days) == PAST_DAYS
    assert [found.day for found in days] == [NOW.date() - n * DAY for n in range(PAST_DAYS)]
    assert [n for n, found in enumerate(days) if found.banners] == ([] if day is None else [day])


def test_a_day_lists_its_own_and_quiet_days_nothing():
    days = picture(
        banner("early", status="resolved", starts_at=NOW - 3 * DAY, ends_at=NOW - 2 * DAY),
        banner("cut", status="resolved", ends_at=NOW + HOUR, resolved_at=NOW - HOUR),
        banner("endless", status="resolved", ends_at=None),
        banner("runs"),
        banner("inside", status="resolved", ends_at=NOW - HOUR, audiences=["admin"]),
    ).past_days
    assert [refs(one.banners) for one in days] == [["cut"], [], ["early"], [], [], [], []]
