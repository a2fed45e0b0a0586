"""The perimeter in the panel: blocks are added by forms, and what cannot be keeps its text."""

from datetime import timedelta

import pytest

from portal.accounts.roles import Role
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.blocks import FORM, stored
from tests.web.pages import recorded, text_of, value_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.SECURITY)


def test_a_form_blocks_and_says_so(site: Site, person: Person):
    answer = person.post("/panel/blocks", **FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/panel/perimeter")
    (row,) = stored(site)
    assert (row.value, row.scope, row.kind, row.source) == ("203.0.113.7", "ip", "ban", "manual")
    assert (row.until, row.created_by) == (NOW + timedelta(hours=1), person.name)
    page = text_of(person.client.get("/panel/perimeter"))
    for wanted in ("203.0.113.7", "Tries passwords", "Active", "Unblock: 203.0.113.7"):
        assert wanted in page, wanted
    refused = site.client().get("/api/status", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert refused.status_code == 403


def test_one_click_on_an_offender_blocks_its_address(site: Site, person: Person):
    data = {
        "csrf_token": person.csrf(),
        "scope": "key",
        "value": "ip:203.0.113.9",
        "duration": "1h",
    }
    for _ in range(2):  # a second click finds done what it wanted
        answer = person.client.post("/panel/blocks", data=data, headers={"HX-Request": "true"})
        card = text_of(answer)
        assert "<html" not in card
        assert "203.0.113.9" in card
    (row,) = stored(site)
    assert (row.scope, row.value, row.reason) == ("ip", "203.0.113.9", "Blocked from the panel")


def test_the_same_is_blocked_once_and_the_form_says_until_when(site: Site, person: Person):
    person.post("/panel/blocks", **FORM)
    page = text_of(person.post("/panel/blocks", **FORM), 409)
    assert "This is already blocked until" in page
    assert len(stored(site)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "not an address"}, "Write an IP address or an address range."),
        ({"value": "203.0.113.0/24"}, "This is a range. Use the scope range."),
        ({"scope": "range", "value": "0.0.0.0/1"}, "The widest allowed range is /8."),
        ({"scope": "origin", "value": "evil.example"}, "Write an origin such as"),
        ({"duration": "31d"}, "30 days"),
        ({"value": "127.0.0.1"}, "force"),
    ],
)
def test_a_form_that_is_not_right_keeps_its_text(
    site: Site, person: Person, change: dict[str, str], said: str
):
    sent = {**FORM, **change}
    page = text_of(person.post("/panel/blocks", **sent), 422)
    assert "Nothing was saved" in page
    assert said in page
    for field in ("value", "duration", "reason"):
        assert value_of(page, field) == sent[field], field
    assert stored(site) == []
    assert recorded(site, "perimeter") == []


@pytest.mark.parametrize(
    "change", [{"duration": "soon"}, {"duration": ""}, {"scope": "planet"}, {"kind": "hug"}]
)
def test_a_word_that_no_form_offers_blocks_nobody(
    site: Site, person: Person, change: dict[str, str]
):
    text_of(person.post("/panel/blocks", **{**FORM, **change}), 422)
    assert stored(site) == []


def test_htmx_gets_the_error_itself(site: Site, person: Person):
    data = {**FORM, "csrf_token": person.csrf(), "value": "nobody"}
    answer = person.client.post("/panel/blocks", data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["errors"] == {"value": ["Write an IP address or an address range."]}


def test_whoever_insists_may_block_what_is_trusted(site: Site, person: Person):
    sent = {**FORM, "value": "127.0.0.1", "force": "on"}
    assert person.post("/panel/blocks", **sent).status_code == 303
    assert stored(site)[0].is_forced
