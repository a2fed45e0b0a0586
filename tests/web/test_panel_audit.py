"""The audit log in the panel: its pages, and what chooses among its events."""

import pytest

from portal.accounts.roles import Role
from portal.web.panel import audit
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.audit import fill, numbers
from tests.web.pages import text_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def test_pages_go_from_the_newest_to_the_first(site: Site, person: Person):
    fill(site, 60)
    first = numbers(text_of(person.client.get("/panel/audit")))
    assert len(first) == 50
    second = numbers(text_of(person.client.get(f"/panel/audit?before={first[-1]}")))
    assert first == sorted(first, reverse=True)
    assert first[-1] == second[0] + 1
    assert second[-1] == 1
    page = text_of(person.client.get("/panel/audit"))
    assert f"before={first[-1]}" in page
    assert "Newest" not in page
    page = text_of(person.client.get("/panel/audit?before=1"))
    assert numbers(page) == []
    assert "Newest" in page


def test_filters_choose_by_the_beginning_of_the_type_and_by_the_actor(site: Site, person: Person):
    fill(site, 4)
    page = text_of(person.client.get("/panel/audit?type=incident&actor=ada"))
    assert len(numbers(page)) == 2
    assert "INC-2030-0001" in page
    assert "account.login.succeeded" not in page
    assert 'value="ada"' in page
    # What means something to a pattern means itself.
    assert "INC-2030" not in text_of(person.client.get("/panel/audit?type=%25"))


def test_a_choice_is_counted_as_far_as_it_is_exported(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
):
    fill(site, 6)
    monkeypatch.setattr(audit, "MOST_EXPORTED", 3)
    assert "More than 3 events" in text_of(person.client.get("/panel/audit?type=incident"))
    assert "3 events" in text_of(person.client.get("/panel/audit?type=incident&actor=ada"))
    assert "More than" not in text_of(person.client.get("/panel/audit")), "all are known by number"


def test_days_choose_the_last_one_whole(site: Site, still: StandingClock):
    fill(site, 1)
    still.advance(days=1)
    fill(site, 1)
    person = site.signed_in(Role.ADMIN)
    chosen = {
        "from=2030-06-03&to=2030-06-03": 1,
        "from=2030-06-04": 1,
        "to=2030-06-04": 2,
        "from=2030-06-05": 0,
        "to=2030-06-02": 0,
    }
    for query, number in chosen.items():
        page = text_of(person.client.get(f"/panel/audit?type=incident&{query}"))
        assert len(numbers(page)) == number, query
    for wrong in ("from=yesterday", "to=2030-13-01", "from=1999-01-01", "to=3000-01-01"):
        text_of(person.client.get(f"/panel/audit?{wrong}"), 400)
    text_of(person.client.get("/panel/audit?actor=%00"), 400)


@pytest.mark.parametrize("before", ["-1", "two", "9" * 16, "²"])
def test_where_a_page_ends_must_be_a_number(person: Person, before: str):
    text_of(person.client.get("/panel/audit", query_string={"before": before}), 400)


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.SECURITY, 200)])
def test_the_log_is_for_those_who_may_read_it(
    site: Site, still: StandingClock, role: Role, status: int
):
    assert site.signed_in(role).client.get("/panel/audit").status_code == status


def test_addresses_stand_in_it_as_long_as_they_are_known(site: Site, person: Person):
    stranger = Person(site.client(), "nobody")
    assert stranger.sign_in("wrong password here").status_code == 401
    page = text_of(person.client.get("/panel/audit?type=account.login.refused"))
    assert "127.0.0.1" in page
    # Somebody may have typed a password there.
    assert "nobody" not in page
    assert "unknown " in page
