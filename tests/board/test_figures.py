"""Figures of the board for the feed and the snapshot; on values alone."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from portal.board import figures
from portal.board.picture import Picture
from portal.status.components import State
from portal.status.windows import REOPENS_FOR
from tests.board.pictures import banner, part, picture
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def board(shown: Picture | None) -> Any:
    made = SimpleNamespace(picture=shown) if shown else None
    return SimpleNamespace(current=lambda: made, revision=7, age_seconds=1.26)


SHOWN = picture(
    banner("later", ends_at=NOW + 2 * HOUR),
    banner("soon", ends_at=NOW + timedelta(minutes=10)),
    banner("comes", status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
    banner("INC-1", kind="incident", severity="incident", ends_at=None),
    banner("said", kind="announcement", severity="info", ends_at=None),
    banner("beside", kind="announcement", severity="info", ends_at=None),
    banner("draft", kind="announcement", severity="info", status="scheduled", starts_at=NOW + HOUR),
    components=(part("api", State.MAJOR), part("web")),
)


def test_the_feed_before_there_is_a_board():
    found = figures.for_feed(board(None))
    assert (found.windows_active, found.incidents_open, found.components) == (0, 0, {})
    assert figures.maintenance(board(None)) is None


def test_the_feed_counts_what_runs():
    found = figures.for_feed(board(SHOWN))
    assert (found.windows_active, found.incidents_open) == (2, 1)
    assert (found.revision, found.age_seconds) == (7, 1.26)
    assert found.components == {"api": State.MAJOR.rank, "web": State.OPERATIONAL.rank}


def test_the_snapshot_has_windows_by_what_they_are(still: StandingClock):
    still.moment = NOW
    found = figures.maintenance(board(SHOWN))
    assert found is not None
    assert [(one.reference, one.ends_soon) for one in found.active] == [
        ("soon", True),
        ("later", False),
    ]
    assert [(one.reference, one.ends_soon) for one in found.upcoming] == [("comes", False)]
    assert (found.announcements_active, found.revision) == (2, 1)
    assert (found.board_age_seconds, found.just_ended) == (1.3, [])


@pytest.mark.parametrize(
    ("values", "is_told", "why"),
    [
        ({"ends_at": NOW}, True, "its time is over this instant"),
        ({"ends_at": NOW - REOPENS_FOR}, True, "it can be extended still"),
        ({"ends_at": NOW - REOPENS_FOR - TICK}, False, "it is too late for that"),
        ({"ends_at": NOW + TICK}, False, "it goes on"),
        ({"ends_at": NOW, "resolved_at": NOW}, False, "somebody ended it"),
        ({"ends_at": NOW, "kind": "announcement"}, False, "it is no window"),
    ],
)
def test_what_has_just_run_out_can_be_extended(
    still: StandingClock, values: dict[str, Any], is_told: bool, why: str
):
    still.moment = NOW
    shown = picture(banner("w", **{"status": "resolved", "starts_at": NOW - 2 * HOUR, **values}))
    found = figures.maintenance(board(shown))
    assert found is not None
    assert bool(found.just_ended) is is_told, why
