"""Two who come in at the same moment on PostgreSQL."""

import pytest

from portal.accounts import operators
from portal.accounts.operators import Operator
from portal.accounts.roles import Role
from portal.store.revision import transaction
from tests.conftest import Build
from tests.databases import fresh_database
from tests.people import PASSWORD, Person
from tests.sites import Site
from tests.two_at_once import at_once


@pytest.fixture
def site(build: Build, postgres: str) -> Site:
    return build(database_url=fresh_database(postgres))


def test_of_two_with_the_first_run_link_one_becomes_the_first(site: Site):
    with transaction(site.portal.core.open_session) as (session, _):
        token = operators.new_first_run_link(session)
    assert token is not None

    def become(name: str) -> bool:
        with transaction(site.portal.core.open_session) as (session, now):
            given = {"name": name, "password": PASSWORD, "at": now}
            return operators.create_first(session, token, **given) is not None

    found = at_once(site.portal.core.engine, lambda: become("ada"), lambda: become("eve"))
    assert found == (True, False)
    with site.portal.core.open_session() as session:
        assert [row.name for row in session.query(Operator)] == ["ada"]


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_who_signs_in_twice_at_once_is_in(site: Site, commit: int):
    """A try is counted, the place becomes known, and the session is stored: a commit each."""
    site.operator("ada", Role.ADMIN)

    def sign_in() -> int:
        return int(Person(site.client(), "ada").sign_in().status_code)

    assert at_once(site.portal.core.engine, sign_in, sign_in, commit=commit) == (303, 303)
