"""What the tests of the guard stand on: a database, the chain, limits, and the WAF."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from portal.guard import waf
from portal.guard.blocks import Blocks
from tests.clocks import StandingClock
from tests.guard import libraries
from tests.guard.waf_library import Library
from tests.guard.world import World


@pytest.fixture
def world(still: StandingClock) -> World:
    return World()


@pytest.fixture
def open_session(
    open_session: Callable[[], Session], still: StandingClock
) -> Callable[[], Session]:
    """While the clock stands."""
    return open_session


@pytest.fixture
def writer(open_session: Callable[[], Session]) -> Blocks:
    return Blocks(open_session, lambda: None, trusted=())


@pytest.fixture
def now(still: StandingClock) -> float:
    """The beginning of a minute, as seconds since the epoch."""
    return still.moment.timestamp()


@pytest.fixture(scope="module", params=libraries.ORIGINS)
def engine(request: pytest.FixtureRequest) -> waf.Engine:
    return libraries.engine(request.param)


@pytest.fixture
def library() -> Library:
    return Library()
