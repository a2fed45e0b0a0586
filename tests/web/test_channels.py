"""Subscribing with a channel, as somebody with a browser does it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from portal.accounts.roles import Role
from portal.notify.subscribers import ASK_AGAIN_AFTER
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.addresses import SLACK_URL
from tests.notify.channels import Reached, sent_to
from tests.notify.deliveries import an_incident
from tests.notify.targets import listening, plain
from tests.sites import Site
from tests.web.channels import URLS, ask, code_of, lead_to, rows


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


@pytest.fixture
def target() -> Iterator[Any]:
    with listening(plain(200)) as server:
        yield server


@pytest.mark.parametrize("kind", ["slack", "teams", "webhook"])
def test_from_the_form_to_the_end(site: Site, target: Any, kind: str):
    client = site.client()
    page = client.get(f"/subscribe?kind={kind}")
    assert f'name="kind" value="{kind}"' in page.text
    assert "Set-Cookie" not in page.headers
    answer = ask(site, kind, topics=["incidents", "maintenance"])
    assert answer.status_code == 303
    path = answer.headers["Location"]
    assert path.startswith("/subscribe/code/")
    assert "secret" not in client.get(path).text
    assert rows(site)[0].address in client.get(path).text
    lead_to(site, target)
    with Reached(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident(title="Too early"))
        told.run()
        (question,) = sent_to(target)
        found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", json.dumps(question))
        assert found
        wrong = client.post(path, data={"code": "0000-0000"})
        assert wrong.status_code == 422
        assert "This is not the code." in wrong.text
        assert rows(site)[0].confirmed_at is None
        done = client.post(path, data={"code": found[0].lower()})
        assert "You are subscribed" in done.text
        assert "Set-Cookie" not in done.headers
        assert (rows(site)[0].secret in done.text) is True
        assert ("signed with this key" in done.text) is (kind == "webhook")
        assert client.post(path, data={"code": found[0]}).status_code == 410
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
    said = json.dumps(sent_to(target)[-1])
    assert "Payments fail" in said
    manage = re.search(r"https://status\.example\.com(/subscription/[\w.-]+)", said)
    end = re.search(r"https://status\.example\.com(/unsubscribe/[\w.-]+)", said)
    assert manage
    assert end
    assert "…" in client.get(manage[1]).text
    assert "Saved" in client.post(manage[1], data={"topics": ["maintenance"]}).text
    assert rows(site)[0].topics == ["maintenance"]
    assert "We will send nothing more to" in client.get(end[1]).text
    assert len(rows(site)) == 1
    assert "You are not subscribed" in client.post(end[1]).text
    assert rows(site) == []


def test_known_and_unknown_get_one_answer(site: Site, still: StandingClock):
    first = ask(site)
    site.client().post(first.headers["Location"], data={"code": code_of(site)})
    still.advance(seconds=ASK_AGAIN_AFTER.total_seconds())
    known, unknown = ask(site), ask(site, "teams")
    for answer in (known, unknown):
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/subscribe/code/")
    assert len(known.headers["Location"]) == len(unknown.headers["Location"])
    shown = [
        re.sub(
            r"https://[^<]*…\w*|/code/[^\"]*|kind=(slack|teams)", "", site.client().get(one).text
        )
        for one in (known.headers["Location"], unknown.headers["Location"])
    ]
    assert shown[0] == shown[1]
    # Whoever filled in the form has changed nothing, and the key of a webhook is shown once.
    assert rows(site)[0].topics == ["incidents"]


def test_the_key_is_not_shown_again(site: Site, still: StandingClock):
    def confirm() -> str:
        path = ask(site, "webhook").headers["Location"]
        return str(site.client().post(path, data={"code": code_of(site)}).text)

    assert "signed with this key" in confirm()
    still.advance(seconds=ASK_AGAIN_AFTER.total_seconds())
    again = confirm()
    assert "You are subscribed" in again
    assert "signed with this key" not in again


def test_no_page_and_no_answer_shows_a_whole_address(site: Site):
    for kind in URLS:
        path = ask(site, kind).headers["Location"]
        site.client().post(path, data={"code": site.portal.notify.links.code(rows(site)[-1])})
    person = site.signed_in(Role.ADMIN)
    listed = site.client().get("/api/admin/runtime/maintenance/subscribers", headers=site.bearer())
    assert [one["kind"] for one in listed.get_json()["items"]] == ["webhook", "teams", "slack"]
    assert all(one["byReader"] for one in listed.get_json()["items"])
    panel = person.client.get("/panel/notifications").text
    for text in (listed.text, panel, person.client.get("/panel/audit").text):
        for whole in ("a-long-secret", "X0f2aaaa", "Abc-_123"):
            assert whole not in text
    assert "https://hooks.slack.com/…aaaa" in panel
    counts = (
        site.client()
        .get("/api/admin/runtime/maintenance/notifications", headers=site.bearer())
        .get_json()["subscribers"]
    )
    assert counts == {"mail": 0, "slack": 1, "teams": 1, "webhook": 1, "unconfirmed": 0}


@pytest.mark.parametrize("language", ["de", "ar"])
def test_the_pages_speak_the_readers_language(site: Site, target: Any, language: str):
    client = site.client()
    form = {"kind": "slack", "address": SLACK_URL, "topics": ["incidents"]}
    path = client.post(f"/subscribe?lang={language}", data=form).headers["Location"]
    assert path.endswith(f"?lang={language}")
    page = client.get(path).text
    assert f'lang="{language}"' in page
    assert "Enter the code" not in page
    assert f"?lang={language}" in page[page.index("<main") : page.index("</main")]
    client.post(path, data={"code": code_of(site)})
    assert rows(site)[0].language == language
