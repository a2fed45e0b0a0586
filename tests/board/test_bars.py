"""Bars tell days apart by their marks, and unknown ones by their height."""

import pytest

from portal.board import components
from portal.status.components import State

pytestmark = pytest.mark.unit


def test_bars_tell_days_apart_by_their_marks_and_unknown_ones_by_their_height():
    days = (State.OPERATIONAL, None, State.MAJOR, State.OPERATIONAL)
    assert components.bars(days) == (
        ("operational", "M2 0V15M14 0V15", ""),
        ("none", "M6 11V15", ""),
        ("major_outage", "M10 0V15", "M10 17.25m-1.5-1.5h3v3h-3z"),
    )
