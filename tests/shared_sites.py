"""A site for all tests of a file that only read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import databases
from tests.clocks import StandingClock, standing_clock
from tests.sites import Site, close_site, make_site, settings_of_tests


@contextmanager
def shared_site(
    folders: pytest.TempPathFactory, **values: Any
) -> Iterator[tuple[Site, StandingClock]]:
    """A site on SQLite, and the clock that stands for as long as it is there."""
    with standing_clock() as still:
        folder = folders.mktemp("shared")
        databases.put_sqlite(folder)
        site = make_site(settings_of_tests(folder, **values))
        try:
            yield site, still
        finally:
            close_site(site)
