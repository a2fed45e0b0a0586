"""Guessing at passwords locks out the guesser alone."""

from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import Any

import pytest

from portal.accounts import throttle
from portal.accounts.roles import Role
from portal.accounts.throttle import LoginFailure
from portal.durations import spoken
from portal.store import engine
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.people import PASSWORD, Person
from tests.sites import Site
from tests.web.pages import recorded

BEHIND: dict[str, Any] = {"trusted_proxies": (ip_network("127.0.0.1/32"),)}


@pytest.fixture
def behind(build: Build) -> Site:
    return build(**BEHIND)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_behind(request: pytest.FixtureRequest, build: Build) -> Site:
    if request.param == "sqlite":
        return build(**BEHIND)
    return build(**BEHIND, database_url=fresh_database(request.getfixturevalue("postgres")))


def test_wrong_and_unknown_get_one_answer(site: Site):
    site.operator("ada", Role.VIEWER)
    wrong = Person(site.client(), "ada").sign_in("not the password")
    unknown = Person(site.client(), "eve").sign_in("not the password")
    assert wrong.status_code == unknown.status_code == 401
    text = "The name or the password is not right."
    assert text in wrong.get_data(as_text=True)
    assert text in unknown.get_data(as_text=True)


def sign_in(site: Site, name: str, password: str = PASSWORD, *, at: str) -> Any:
    """A try of a client behind the proxy."""
    return site.client().post(
        "/panel/login", data={"name": name, "password": password}, headers={"X-Forwarded-For": at}
    )


def test_guessing_at_an_account_locks_out_the_guesser_alone(
    either_behind: Site, still: StandingClock
):
    either_behind.operator("ada", Role.VIEWER)
    tries = [sign_in(either_behind, "ada", "guess number one", at="192.0.2.9") for _ in range(6)]
    assert [one.status_code for one in tries] == [401] * 5 + [429]
    assert "Try again in 15 min." in tries[-1].get_data(as_text=True)
    assert tries[-1].headers["Retry-After"] == "900"
    # Neither the right password from there, nor anything from elsewhere is held up wrongly.
    assert sign_in(either_behind, "ada", at="192.0.2.9").status_code == 429
    assert sign_in(either_behind, "ada", at="192.0.2.10").status_code == 303
    still.advance(minutes=15)
    assert sign_in(either_behind, "ada", at="192.0.2.9").status_code == 303


def test_one_network_is_one_guesser(behind: Site, still: StandingClock):
    """Twelve accounts from the many addresses that every IPv6 client has."""
    statuses = [
        sign_in(behind, f"name{number}", "guess", at=f"2001:db8::{number:x}").status_code
        for number in range(21)
    ]
    assert statuses == [401] * 20 + [429]
    assert sign_in(behind, "another", "guess", at="2001:db8:0:1::1").status_code == 401


def test_fifteen_guesses_at_once_are_no_more_than_five(either_behind: Site, still: StandingClock):
    either_behind.operator("ada", Role.VIEWER)
    with ThreadPoolExecutor(15) as pool:
        answers = pool.map(
            lambda _: sign_in(either_behind, "ada", "guess", at="192.0.2.9").status_code, range(15)
        )
        statuses = list(answers)
    assert statuses.count(401) <= 5
    assert set(statuses) == {401, 429}
    with either_behind.portal.core.open_session() as session:
        # What was turned away is not held against anybody.
        assert session.query(LoginFailure).count() == statuses.count(401)


def test_a_new_password_lets_in_at_once(behind: Site, still: StandingClock):
    behind.operator("ada", Role.VIEWER)
    for _ in range(6):
        sign_in(behind, "ada", "guess", at="192.0.2.9")
    with behind.portal.core.open_session() as session:
        engine.begin_write(session)
        throttle.forget(session, account="ada")
        session.commit()
    assert sign_in(behind, "ada", at="192.0.2.9").status_code == 303


def test_a_password_in_the_field_for_the_name_is_not_kept(behind: Site, still: StandingClock):
    secret = "hunter2-my-password"
    assert sign_in(behind, secret, "x", at="192.0.2.9").status_code == 401
    with behind.portal.core.open_session() as session:
        (event,) = recorded(behind, "account.login.refused")
        assert event.detail["name"].startswith("unknown ")
        kept = [event.detail, *(one.account for one in session.query(LoginFailure))]
    assert secret not in repr(kept)


def test_the_limits_of_forms_are_kept_by_client(behind: Site, still: StandingClock):
    """One stranger behind the proxy uses up their own tries, and nobody else's."""
    for endpoint, limit, form in (
        ("/panel/login", 30, {"name": "nobody", "password": "wrong"}),
        ("/subscribe", 20, {"address": "no address"}),
    ):
        for _ in range(limit):
            behind.client().post(endpoint, data=form, headers={"X-Forwarded-For": "192.0.2.9"})
        answer = behind.client().post(endpoint, data=form, headers={"X-Forwarded-For": "192.0.2.9"})
        assert answer.status_code == 429
        seconds = int(answer.headers["Retry-After"])
        assert f"Try again in {spoken(seconds)}." in answer.get_data(as_text=True)
        other = behind.client().post(endpoint, data=form, headers={"X-Forwarded-For": "192.0.2.10"})
        assert other.status_code != 429, endpoint


def test_a_sign_in_form_is_limited_on_top_of_the_throttle(site: Site, still: StandingClock):
    person = Person(site.client(), "nobody")
    form = {"name": "nobody", "password": "wrong"}

    def post() -> str:
        return str(person.client.post("/panel/login", data=form).get_data(as_text=True))

    for _ in range(30):
        assert "<form" in post()  # wrong, then throttled: the form says so itself
    assert "<form" not in post()
    still.advance(minutes=1)
    assert "<form" in post()
