"""After an act: what is true now, said once, and errors keep the panel's navigation."""

import re

import pytest

from portal.accounts.roles import Role
from portal.unit_of_work import UNDO_WITHIN
from tests.clocks import StandingClock
from tests.people import Person
from tests.processes import ROOT
from tests.sites import Site
from tests.web.pages import KEY, text_of
from tests.web.toasts import toast_of

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def test_a_toast_says_what_is_true_and_is_said_once(site: Site, person: Person):
    answer = person.post("/panel/windows/now", duration="30m", key=KEY)
    assert answer.status_code == 303
    toast = toast_of(person)
    assert "Maintenance runs until 12:30 UTC." in toast
    assert "Undo" in toast
    assert toast_of(person) == ""


def test_the_panel_offers_an_undo_for_as_long_as_subscribers_are_not_told():
    script = (ROOT / "static/js/panel.js").read_text()
    found = re.search(r"TOAST_MS = (\d+)", script)
    assert found
    assert int(found.group(1)) == UNDO_WITHIN.total_seconds() * 1000


def test_with_htmx_the_toast_comes_with_the_cards(site: Site, person: Person):
    answer = person.client.post(
        "/panel/windows/now",
        data={"csrf_token": person.csrf(), "duration": "30m", "key": KEY},
        headers={"HX-Request": "true"},
    )
    text = text_of(answer)
    assert 'id="toast" hx-swap-oob="innerHTML"' in text
    assert "Maintenance running" in text
    assert toast_of(person) == ""


def test_an_error_in_the_panel_keeps_its_navigation(person: Person):
    page = text_of(person.client.get("/panel/windows/m-nothing", headers=BROWSER), 404)
    assert 'aria-label="Sections"' in page
    assert "Nothing has that reference." in page


def test_an_ended_session_says_so_and_comes_back_to_the_form(site: Site, person: Person):
    person.client.set_cookie(site.settings.session_cookie, "gone")
    for posted, page in {
        "/panel/windows/new": "/panel/windows/new",
        "/panel/windows/m-1": "/panel/windows/m-1",
        "/panel/incidents/INC-2030-0001/updates": "/panel/incidents/INC-2030-0001",
        "/panel/blocks": "/panel",
        "/panel/snapshot": "/panel",
    }.items():
        answer = person.client.post(posted, data={})
        assert answer.headers["Location"] == f"/panel/login?ended=1&next={page}"
    page = text_of(person.client.get("/panel/login?ended=1&next=/panel/windows/new"))
    assert "Your session has ended." in page
    stranger = site.client().get("/panel/maintenance")
    assert stranger.headers["Location"] == "/panel/login?next=/panel/maintenance"
