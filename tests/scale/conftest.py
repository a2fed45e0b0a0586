"""Who looks at the portal with ninety days behind it; signed in once a module."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from portal.accounts.roles import Role, Scope
from tests.clocks import standing_clock
from tests.databases import fresh_database
from tests.lived_in import counts, settle, tend
from tests.sites import Site, close_site, make_site, settings_of_tests

Reader = Callable[[Role | None], FlaskClient]


def readers(site: Site) -> Reader:
    """Clients of a site by role, each made once; None is the public."""
    known: dict[Role | None, FlaskClient] = {}

    def client(role: Role | None) -> FlaskClient:
        if role not in known:
            known[role] = site.signed_in(role).client if role else site.client()
        return known[role]

    return client


@pytest.fixture(scope="module")
def reader(lived_in: Site) -> Reader:
    return readers(lived_in)


@pytest.fixture(scope="module")
def on_postgresql(
    postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Reader]]:
    """The same portal on PostgreSQL, with those who look at it."""
    with standing_clock():
        url = fresh_database(postgres)
        settle(url)
        folder = tmp_path_factory.mktemp("lived-in")
        settings = settings_of_tests(folder, database_url=url, workers_declared=counts.WORKERS)
        site = make_site(settings)
        tend(site.portal)
        yield site, readers(site)
        close_site(site)


@pytest.fixture(scope="module")
def token(lived_in: Site) -> dict[str, str]:
    return lived_in.bearer(*Scope)
