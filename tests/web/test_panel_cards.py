"""Every card of the panel is a fragment, and the runbook has what alerts lead to."""

import pytest

from portal.accounts.roles import Role
from portal.web.panel.cards import CARDS
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.pages import text_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def test_every_card_is_a_fragment_and_others_are_not_there(person: Person):
    for name in CARDS:
        text = text_of(person.client.get(f"/panel/cards/{name}"))
        assert "<html" not in text, name
    text_of(person.client.get("/panel/cards/fortune"), 404)


def test_the_runbook_has_the_sections_that_alerts_lead_to(person: Person):
    page = text_of(person.client.get("/panel/runbook"))
    for number in range(1, 5):
        assert f'id="section-{number}"' in page
