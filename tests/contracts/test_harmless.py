"""The changes that `make mutants` need not notice are of code that is there."""

import tomllib

from tests.processes import ROOT


def test_every_harmless_change_is_of_a_line_that_is_there():
    listed = tomllib.loads((ROOT / "mutants/harmless.toml").read_text())["change"]
    assert listed
    for one in listed:
        assert one["was"] in (ROOT / one["file"]).read_text(), one
