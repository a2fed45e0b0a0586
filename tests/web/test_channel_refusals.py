"""Channels that cannot be subscribed are given back, and foreign pages subscribe none."""

import pytest

from portal.settings import MailServer
from tests.conftest import Build
from tests.notify.addresses import POWER_URL, SLACK_URL, TEAMS_URL
from tests.sites import Site
from tests.web.channels import HOOK, ask, code_of, rows


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("slack", "https://example.com/services/T/B/x"),
        ("teams", SLACK_URL),
        ("webhook", "http://example.com/"),
        ("webhook", "https://127.0.0.1/"),
        ("webhook", "https://metadata.google.internal/"),
        ("webhook", "https://user:word@example.com/"),
        ("webhook", "https://example.com:22/"),
        ("webhook", f"https://example.com/{'a' * 1000}"),
        ("webhook", "x"),
    ],
)
def test_what_cannot_be_is_given_back_at_once(site: Site, kind: str, address: str):
    answer = ask(site, kind, address)
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert f'name="kind" value="{kind}"' in answer.text
    assert rows(site) == []


def test_what_is_not_offered_is_refused(build: Build):
    site = build(external_url="https://status.example.com", subscribe_with=("slack",))
    page = site.client().get("/subscribe")
    assert 'name="kind" value="slack"' in page.text
    assert "Teams" not in page.text
    for kind in ("teams", "webhook", "mail", "pigeon", ""):
        form = {"kind": kind, "address": HOOK, "topics": ["incidents"]}
        assert site.client().post("/subscribe", data=form).status_code == 404, kind
    assert rows(site) == []


def test_without_an_address_for_links_no_channel_is_offered(build: Build):
    site = build(smtp_url=MailServer("127.0.0.1", 9, "offered"), mail_from="s@example.com")
    page = site.client().get("/subscribe").text
    assert 'type="email"' in page
    assert "/subscribe?kind=" not in page
    assert ask(site).status_code == 404


def test_a_foreign_page_subscribes_nothing(site: Site):
    form = {"kind": "slack", "address": SLACK_URL, "topics": ["incidents"]}
    foreign = {"Sec-Fetch-Site": "cross-site"}
    client = site.client()
    assert client.post("/subscribe", data=form, headers=foreign).status_code == 403
    path = ask(site).headers["Location"]
    answer = client.post(path, data={"code": code_of(site)}, headers=foreign)
    assert answer.status_code == 403
    assert rows(site)[0].confirmed_at is None


@pytest.mark.parametrize("address", [SLACK_URL, TEAMS_URL, POWER_URL, HOOK])
def test_the_waf_lets_real_addresses_through(site: Site, address: str):
    kind = {SLACK_URL: "slack", HOOK: "webhook"}.get(address, "teams")
    assert ask(site, kind, address).status_code == 303
    assert site.portal.runtime.counters.read().waf_blocked == 0
