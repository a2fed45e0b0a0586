"""Every test is of one kind: `unit`, `database`, `process` or `browser`.

A mark says so, or the fixtures that the test asks for. A unit test opens no database, makes no app
and starts no process; one that tries to is told.
"""

import subprocess
from collections.abc import Iterator
from typing import Any, NoReturn

import flask
import pytest
from sqlalchemy.pool import Pool

KINDS = ("unit", "database", "process", "browser")
# The kind of a test without a mark, by what it asks for; the first that fits.
FIXTURES = {
    "browser": {"chromium"},
    "process": {"served", "two", "gated", "redis"},
    "database": {"build", "postgres", "lived_in", "open_session", "shared"},
}


def kind_of(item: pytest.Item) -> str:
    """By its one mark, else by its fixtures; `unit` where neither says more."""
    marks = [name for name in KINDS if item.get_closest_marker(name)]
    if len(marks) > 1:
        raise pytest.UsageError(f"{item.nodeid} is of one kind, not {' and '.join(marks)}")
    if marks:
        return marks[0]
    names = set(getattr(item, "fixturenames", ()))
    return next((kind for kind, some in FIXTURES.items() if some & names), "unit")


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        kind = kind_of(item)
        if not item.get_closest_marker(kind):
            item.add_marker(kind)


@pytest.fixture(autouse=True)
def unit_means_unit(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse apps and connections to a test that is marked, or taken, for a unit test."""
    if not request.node.get_closest_marker("unit"):
        yield
        return

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("A unit test has no app, no database and no process; mark its kind.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flask.Flask, "__init__", refuse)
        patch.setattr(Pool, "connect", refuse)
        patch.setattr(subprocess.Popen, "__init__", refuse)
        yield
