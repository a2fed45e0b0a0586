"""Events read as sentences, with the names of what they are of."""

import re
from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.audit.events import REQUIRED_FIELDS
from portal.audit.search import Event
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from portal.web.panel import sentences
from tests.clocks import StandingClock
from tests.people import Person
from tests.queries import counted
from tests.sites import Site
from tests.web.pages import text_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def test_events_read_as_sentences_with_names(site: Site, person: Person):
    window = site.portal.status.windows.schedule(
        By("ada"), WindowIn(title="<i>Failover</i>", ends_at=clock.now() + timedelta(hours=1))
    )
    site.portal.core.audit_log.append(
        "perimeter.block.created",
        actor="portal",
        block="b1",
        scope="ip",
        value="203.0.113.9",
        kind="ban",
        until="2030-06-03T22:40:00Z",
        reason="",
    )
    page = person.client.get("/panel/audit").get_data(as_text=True)
    named = f'<b>ada</b> planned <a href="/panel/windows/{window.reference}">&lt;i&gt;Failover'
    assert named in page
    assert '<b>The portal</b> blocked <span class="key">203.0.113.9</span> until <time' in page
    assert "Mon 3 Jun, 22:40 UTC" in page
    # Nothing to say is not said.
    assert "Reason:" not in page


def test_an_event_of_a_newer_version_is_told_by_its_name():
    event = Event(1, clock.now(), "future.event", "ada", {"x": 1}, "h")
    assert sentences.brief(event) == "<b>ada</b> future.event"


def test_every_declared_event_has_a_sentence_of_its_fields():
    assert set(sentences.SENTENCES) == set(REQUIRED_FIELDS)
    for name, texts in sentences.SENTENCES.items():
        for text in texts:
            places = set(re.findall(r"{(\w+)(?::\w+)?}", text))
            assert places <= REQUIRED_FIELDS[name], name


def test_a_page_of_sentences_asks_for_titles_once_a_noun(site: Site, person: Person):
    for number in range(40):
        site.portal.status.windows.schedule(
            By("ada"), WindowIn(title=f"w{number}", ends_at=clock.now() + timedelta(hours=1))
        )
    text_of(person.client.get("/panel/audit"))
    with counted(site) as queries:
        page = text_of(person.client.get("/panel/audit"))
    assert "w39" in page
    # Session, events, the numbers of first and last, addresses, titles of windows.
    assert len(queries) <= 6
