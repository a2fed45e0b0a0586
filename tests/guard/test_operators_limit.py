"""Polls of operators do not use up their address's limit; those of nobody else pass for one."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.accounts import sessions
from portal.accounts.operators import Operator
from portal.accounts.roles import Role
from portal.guard.panel_polls import PATH
from portal.store import engine
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.people import Person
from tests.sites import Site, another

ADDRESS = {"REMOTE_ADDR": "198.51.100.20"}


def asked(client: FlaskClient, path: str = PATH, **more: Any) -> int:
    return client.get(path, environ_overrides=ADDRESS, **more).status_code


def counts(site: Site) -> tuple[int, int, int]:
    found = site.portal.runtime.counters.read()
    return found.hits, found.allowed, found.blocked


@pytest.fixture
def limited(build: Build, still: StandingClock) -> Site:
    return build(rate_limit="300/minute")


def operators(site: Site, number: int) -> list[Person]:
    people = [site.signed_in(Role.OPERATOR) for _ in range(number)]
    for one in people:
        assert asked(one.client, "/panel") == 200
    return people


def test_five_operators_behind_one_address_leave_it_its_limit(limited: Site, still: StandingClock):
    people = operators(limited, 5)
    before = counts(limited)
    for _ in range(5 * 6):  # five minutes of panels that look every ten seconds
        still.advance(seconds=10)
        assert {asked(one.client) for one in people} <= {200, 204}
    hits, allowed, blocked = counts(limited)
    assert (hits, allowed, blocked) == before
    stranger = limited.client()
    assert [asked(stranger, "/nothing") for _ in range(301)] == [404] * 300 + [429]
    # Who has used it up keeps out neither the operators nor their panels.
    assert asked(people[0].client) in {200, 204}
    hits, allowed, blocked = counts(limited)
    assert (allowed - before[1], blocked - before[2]) == (300, 1)
    assert hits == allowed + blocked


def test_a_forged_cookie_counts(limited: Site, still: StandingClock):
    name = limited.settings.session_cookie
    operators(limited, 1)
    forger = limited.client()
    forger.set_cookie(name, sessions.new_cookie())
    before = counts(limited)
    answers = [asked(forger) for _ in range(301)]
    assert answers[:299] == [302] * 299
    assert answers[-1] == 429
    hits, allowed, blocked = counts(limited)
    assert hits - before[0] == 301
    assert hits == allowed + blocked


def test_one_session_cannot_poll_without_end(limited: Site, still: StandingClock):
    (person,) = operators(limited, 1)
    before = counts(limited)
    answers = [asked(person.client) for _ in range(601)]
    assert set(answers[:300]) <= {200, 204}
    assert counts(limited)[0] - before[0] == 301
    assert answers[-1] == 429


def test_a_session_that_was_ended_elsewhere_counts_after_one_look(
    limited: Site, still: StandingClock
):
    (person,) = operators(limited, 1)
    assert asked(person.client) in {200, 204}
    with limited.portal.core.open_session() as session:
        engine.begin_write(session)
        sessions.end_all_of(session, 1)
        session.commit()
    before = counts(limited)
    assert [asked(person.client) for _ in range(3)] == [302] * 3
    assert counts(limited)[0] - before[0] == 2


def test_signing_out_ends_it_at_once(limited: Site, still: StandingClock):
    (person,) = operators(limited, 1)
    cookie = person.client.get_cookie(limited.settings.session_cookie)
    assert person.post("/panel/logout").status_code == 303
    client = limited.client()
    client.set_cookie(cookie.key, cookie.value)
    before = counts(limited)
    assert asked(client) == 302
    assert counts(limited)[0] - before[0] == 1


def test_another_process_learns_of_a_session_by_looking_it_up(limited: Site, still: StandingClock):
    (person,) = operators(limited, 1)
    cookie = person.client.get_cookie(limited.settings.session_cookie)
    other = another(limited)
    client = other.client()
    client.set_cookie(cookie.key, cookie.value)
    for _ in range(3):
        assert asked(client) == 200
    assert counts(other)[0] == 1


def test_who_may_not_look_is_not_known(limited: Site, still: StandingClock):
    """A session without an operator, or of one who was disabled, is nobody's."""
    (person,) = operators(limited, 1)
    with limited.portal.core.open_session() as session:
        engine.begin_write(session)
        session.get_one(Operator, 1).disabled_at = still.now()
        session.commit()
    before = counts(limited)
    assert [asked(person.client) for _ in range(3)] == [302] * 3
    assert counts(limited)[0] - before[0] == 2
