"""Each kind is tried against what is well, wrong, slow and dead."""

import ast
from pathlib import Path

import pytest

from portal.monitors.kinds.table import TABLE
from portal.monitors.monitor import Kind

STATES = ("well", "wrong", "slow", "dead")


def test_each_kind_has_its_entry():
    assert set(TABLE) == set(Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_is_tried_in_each_state(kind: Kind):
    path = Path(__file__).with_name(f"test_{kind}.py")
    tree = ast.parse(path.read_text())
    names = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    assert names >= {f"test_{kind}_that_is_{state}" for state in STATES}
