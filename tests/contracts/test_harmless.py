"""`make mutants` finds the files and functions it changes, and the changes left out are of code."""

import gc
import tomllib

import pytest

from mutants.__main__ import ROOMS
from mutants.trial import Trials, _live
from portal.accounts import throttle
from tests.processes import ROOT


def test_every_harmless_change_is_of_a_line_that_is_there():
    listed = tomllib.loads((ROOT / "mutants/harmless.toml").read_text())["change"]
    assert listed
    for one in listed:
        assert one["was"] in (ROOT / one["file"]).read_text(), one


@pytest.mark.parametrize("pattern", [one for room in ROOMS.values() for one in room])
def test_every_pattern_of_a_room_finds_a_file(pattern: str):
    assert any(ROOT.glob(pattern))


def test_what_was_frozen_is_changed_as_well():
    gc.freeze()
    functions, _ = _live(ROOT)
    gc.freeze()  # or every test from here on pays for what all have loaded
    assert functions[throttle.wait.__code__] == [throttle.wait]


def test_pytest_can_keep_it_among_its_plugins():
    assert Trials.__hash__ is not None
