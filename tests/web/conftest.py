"""An operator in the panel, while the clock stands."""

import pytest

from portal.accounts.roles import Role
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.OPERATOR)
