"""The fixtures that every test may ask for, and how a run begins and ends."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session

from tests import databases, memory
from tests.clocks import StandingClock, standing_clock
from tests.databases import fresh_database, postgres  # noqa: F401 (a fixture)
from tests.faults.table import (  # noqa: F401 (hooks of the run)
    pytest_addoption,
    pytest_runtest_logreport,
    pytest_runtest_setup,
    pytest_sessionfinish,
)
from tests.kinds import pytest_collection_modifyitems, unit_means_unit  # noqa: F401
from tests.lived_in import counts, fill, tend
from tests.notify.post import post  # noqa: F401 (a fixture)
from tests.sites import Site, close_site, make_site, others, settings_of_tests

# No test depends on how long something takes.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # xdist's workers use the folder of who started them
        databases.begin_run()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    # One more than there are cores: who waits for a server or a browser leaves its core to another.
    # Unit tests wait for nobody.
    return (os.cpu_count() or 1) + (config.option.markexpr != "unit")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # What is imported stays: looking for garbage in it was a fifth of the time that this takes.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish(session: pytest.Session) -> None:
    # What imports and collection left stays: walking it again and again took a fifth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        databases.end_run()


@pytest.fixture
def still() -> Iterator[StandingClock]:
    with standing_clock() as standing:
        yield standing


Build = Callable[..., Site]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Makes sites; each has its own data directory, and its database is migrated."""
    made: list[Site] = []

    def make(**values: Any) -> Site:
        folder = values.pop("data_dir", tmp_path / f"site{len(made)}")
        if "database_url" not in values:
            databases.put_sqlite(folder)
        site = make_site(settings_of_tests(folder, **values))
        made.append(site)
        return site

    yield make
    while others:
        made.append(others.pop())
    for site in made:
        close_site(site)
    databases.drop_databases()


@pytest.fixture
def site(build: Build) -> Site:
    """A site on SQLite."""
    return build()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, build: Build) -> Iterator[Site]:
    """A site on SQLite, and the same test on PostgreSQL."""
    if request.param == "sqlite":
        yield build()
        return
    url = fresh_database(request.getfixturevalue("postgres"))
    yield build(database_url=url)


@pytest.fixture
def open_session() -> Iterator[Callable[[], Session]]:
    """What opens sessions on a database in memory, for acts; no app."""
    with memory.database() as made:
        yield made


@pytest.fixture
def session(open_session: Callable[[], Session]) -> Iterator[Session]:
    """A session on a database in memory, for rules that read rows."""
    with open_session() as made:
        yield made


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with ninety days behind it, for reading alone; its clock stands at `NOW`."""
    with standing_clock():
        folder = tmp_path_factory.mktemp("lived-in")
        databases.put_sqlite(folder, databases.sqlite_template("lived-in", fill))
        site = make_site(settings_of_tests(folder, workers_declared=counts.WORKERS))
        tend(site.portal)
        yield site
        close_site(site)
