"""Two operators who act at once on PostgreSQL: as if one had acted after the other."""

from typing import Any

import pytest

from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.sites import Site
from tests.two_at_once import at_once
from tests.web.writes import ALL, WRITES, Write, events

Seen = tuple[list[int], list[str]]


@pytest.fixture
def busy(build: Build, postgres: str) -> Site:
    return build(database_url=fresh_database(postgres))


def sending(site: Site, write: Write, **headers: str) -> Any:
    """The write of a thing that was made for it, to be sent twice."""
    path = write.path.replace("*", write.thing(site))
    headers |= site.bearer(write.scope)

    def send() -> int:
        answer = site.client().open(path, method=write.method, json=write.body, headers=headers)
        return int(answer.status_code)

    return send


def seen(site: Site, given: tuple[int, int]) -> Seen:
    """What both were told, and what is on record."""
    return sorted(given), sorted(one.type for one in events(site))


@pytest.mark.parametrize("name", ALL)
def test_of_two_at_once_one_comes_after_the_other(
    site: Site, busy: Site, still: StandingClock, name: str
):
    send = sending(site, ALL[name])
    expected = seen(site, (send(), send()))
    twice = sending(busy, ALL[name])
    assert seen(busy, at_once(busy.portal.core.engine, twice, twice)) == expected


@pytest.mark.parametrize("name", WRITES)
def test_of_two_with_one_version_the_second_learns_of_the_first(
    busy: Site, still: StandingClock, name: str
):
    """Whatever it does: nothing that the other wrote is lost unseen."""
    send = sending(busy, WRITES[name], **{"If-Match": '"1"'})
    assert at_once(busy.portal.core.engine, send, send) == (WRITES[name].status, 412)
