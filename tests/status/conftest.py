"""The writers of the status room on a database in memory."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests.clocks import StandingClock
from tests.status.world import World


@pytest.fixture
def world(open_session: Callable[[], Session], still: StandingClock) -> World:
    return World(open_session, still)
