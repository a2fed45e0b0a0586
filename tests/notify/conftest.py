"""Mails to a real server on both databases, a dispatcher that does as told, and a target."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify.deliveries import settings
from tests.notify.dispatching import World
from tests.notify.post import Post
from tests.notify.targets import listening, plain
from tests.sites import Site


@pytest.fixture(params=["sqlite", "postgresql"])
def mailing(request: pytest.FixtureRequest, build: Build, post: Post) -> Site:
    if request.param == "sqlite":
        return build(**settings(post))
    address = fresh_database(request.getfixturevalue("postgres"))
    return build(**settings(post), database_url=address)


@pytest.fixture
def world(open_session: Callable[[], Session], still: StandingClock) -> Callable[..., World]:
    return lambda **values: World(open_session, still, **values)


@pytest.fixture
def target() -> Iterator[Any]:
    with listening(plain(200)) as server:
        yield server
