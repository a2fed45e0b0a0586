"""What a banner says of itself at an instant, of a window or an announcement; on values alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.board import banners
from portal.board.banners import Banner
from portal.status.terms import Status
from portal.status.windows import Window
from tests import rows
from tests.board import pictures
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def banner(**values: Any) -> Banner:
    return pictures.banner(**{"title": "T", "ends_at": None, **values})


@pytest.mark.parametrize(
    ("starts", "ends", "resolved", "status", "why"),
    [
        (-HOUR, None, None, Status.ACTIVE, "it has begun and has no end"),
        (timedelta(0), None, None, Status.ACTIVE, "its first instant"),
        (TICK, None, None, Status.SCHEDULED, "it begins in a moment"),
        (-HOUR, HOUR, None, Status.ACTIVE, "its end is ahead"),
        (-HOUR, timedelta(0), None, Status.RESOLVED, "its end is now"),
        (-HOUR, TICK, None, Status.ACTIVE, "its end is in a moment"),
        (-HOUR, HOUR, -TICK, Status.RESOLVED, "it was resolved before its end"),
        (-HOUR, HOUR, timedelta(0), Status.RESOLVED, "it is resolved now"),
        (-HOUR, -TICK, HOUR, Status.ACTIVE, "the end it was given counts before the planned one"),
        (HOUR, 2 * HOUR, -HOUR, Status.RESOLVED, "called off before it began"),
    ],
)
@pytest.mark.parametrize("before", list(Status)[1:])
def test_when_a_banner_is_over(before, starts, ends, resolved, status, why):
    one = banner(
        status=before,
        starts_at=NOW + starts,
        ends_at=None if ends is None else NOW + ends,
        resolved_at=None if resolved is None else NOW + resolved,
    )
    moved = one.at(NOW)
    assert moved.status is status, why
    assert moved == one.model_copy(update={"status": status})
    assert (moved is one) is (before is status)


@pytest.mark.parametrize(
    ("ends", "resolved", "over", "why"),
    [
        (None, None, None, "it has no end"),
        (HOUR, None, HOUR, "it ends as planned"),
        (HOUR, -HOUR, -HOUR, "it was resolved before"),
        (None, -HOUR, -HOUR, "it was resolved"),
    ],
)
def test_when_it_is_over(ends, resolved, over, why):
    def moment(step: timedelta | None) -> datetime | None:
        return None if step is None else NOW + step

    one = banner(ends_at=moment(ends), resolved_at=moment(resolved))
    assert one.over_at == moment(over), why


def window(**values: Any) -> Window:
    described = {"message": "**m**", "zone": "Europe/Berlin", "channels": ["web"]}
    made = {"created_at": NOW - 2 * HOUR, "series_id": 4, "version": 3}
    return rows.window(**{**described, **made, **values})


@pytest.mark.parametrize(
    ("values", "status", "resolved_at"),
    [
        ({}, Status.ACTIVE, None),
        ({"starts_at": NOW + TICK}, Status.SCHEDULED, None),
        ({"awaits_approval": True}, Status.SCHEDULED, None),
        ({"ends_at": NOW}, Status.RESOLVED, None),
        ({"ended_at": NOW - TICK}, Status.RESOLVED, NOW - TICK),
        ({"cancelled_at": NOW - TICK}, Status.RESOLVED, NOW - TICK),
    ],
)
def test_a_window_as_a_banner(values, status, resolved_at):
    one = banners.of_window(window(**values), now=NOW)
    assert (one.status, one.resolved_at) == (status, resolved_at)
    assert (one.kind, one.zone, one.series, one.version) == ("window", "Europe/Berlin", 4, 3)
    assert one.dismissible is False
    assert one.message_html == "<p><strong>m</strong></p>"
    assert one.published_at == NOW - 2 * HOUR


def test_an_announcement_as_a_banner():
    row = rows.announcement(
        message="m",
        severity="security",
        audiences=["admin"],
        channels=["email"],
        ends_at=NOW + HOUR,
        published_at=NOW - HOUR,
        resolved_at=NOW,
        version=2,
    )
    one = banners.of_announcement(row, now=NOW)
    assert (one.kind, one.ref, one.status) == ("announcement", "a", Status.RESOLVED)
    assert (one.dismissible, one.zone, one.over_at) == (True, "UTC", NOW)
