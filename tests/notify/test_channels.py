"""Channels of readers, called for real on loopback: what they get."""

import json
from typing import Any

import pytest

from portal.notify.subscribers import Subscriber
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.conftest import Build
from tests.notify.channels import KINDS, Reached, channel, open_incident, put_question, sent_to
from tests.sites import Site


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_comes_first_and_nothing_before_it(site: Site, target: Any, kind: str):
    asked = {"topics": ["incidents"], "components": [], "language": "de"}
    number = channel(site, target, kind, confirmed_at=None, question="q1", wanted=asked, topics=[])
    put_question(site, number)
    open_incident(site)
    with Reached(site) as told:
        told.run()
    ((path, headers, body),) = target.calls
    assert path.endswith(f"secret-path-{kind}")
    said = json.loads(body)
    with site.portal.core.open_session() as session:
        row = session.get(Subscriber, number)
        assert row is not None
        code = site.portal.notify.links.code(row)
    assert code in json.dumps(said)
    assert ("Portal-Signature" in headers) is (kind == "webhook")
    if kind == "webhook":
        assert (said["type"], said["code"]) == ("subscription.confirm", code)
    else:
        assert "Bestätigen" in json.dumps(said, ensure_ascii=False)


HOSTILE = "Fail <!channel> & [x](http://evil.example) *now* @here"


def test_slack_gets_blocks_with_nothing_live_in_them(site: Site, target: Any):
    channel(site, target, "slack")
    row = open_incident(site, title=HOSTILE, message="**Bold** <https://evil.example|click> & more")
    with Reached(site) as told:
        told.run()
    (said,) = sent_to(target)
    text = json.dumps(said, ensure_ascii=False)
    assert "<!channel>" not in text
    assert "&lt;" in text
    assert "@here" not in text
    links = [part.split(">")[0] for part in text.split("<")[1:]]
    read = f"https://status.example.com/incidents/{row.reference}"
    assert links[0] == f"{read}|Read the whole timeline"
    assert [one.partition("|")[0].rpartition("/")[0] for one in links[1:]] == [
        "https://status.example.com/subscription",
        "https://status.example.com/unsubscribe",
    ]
    assert said["text"].startswith("[")
    assert "Bold" in text
    assert "**" not in text


def test_teams_gets_a_card_with_nothing_live_in_its_title(site: Site, target: Any):
    channel(site, target, "teams")
    row = open_incident(site, title=HOSTILE)
    with Reached(site) as told:
        told.run()
    (said,) = sent_to(target)
    assert said["type"] == "message"
    (attachment,) = said["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    title = card["body"][1]["text"]
    assert r"\[x\](http://evil.example) \*now\*" in title
    assert [one["url"].rpartition("/")[0] for one in card["actions"]] == [
        "https://status.example.com/incidents",
        "https://status.example.com/subscription",
        "https://status.example.com/unsubscribe",
    ]
    assert card["actions"][0]["url"].endswith(row.reference)


def test_each_is_told_in_its_own_language(site: Site, target: Any):
    site.portal.status.components.add(By("test"), ComponentIn(slug="api", name="Die API"))
    channel(site, target, "slack", language="de", components=["api"])
    open_incident(site, components=[{"component": "api", "state": "major_outage"}])
    with Reached(site) as told:
        told.run()
    text = json.dumps(sent_to(target), ensure_ascii=False)
    for word in ("Die API", "Abonnement ändern", "Betroffen"):
        assert word in text, text


def test_arabic_cards_run_from_right_to_left(site: Site, target: Any):
    channel(site, target, "teams", language="ar")
    open_incident(site)
    with Reached(site) as told:
        told.run()
    (said,) = sent_to(target)
    assert said["attachments"][0]["content"]["rtl"] is True


def test_what_is_not_public_reaches_no_channel(site: Site, target: Any):
    site.portal.status.components.add(
        By("test"), ComponentIn(slug="vault", name="The vault", is_public=False)
    )
    for kind in KINDS:
        channel(site, target, kind)
    open_incident(site, audiences=["operations"])
    open_incident(site, components=[{"component": "vault", "state": "major_outage"}])
    with Reached(site) as told:
        told.run()
    assert len(target.calls) == len(KINDS)
    assert "vault" not in json.dumps(sent_to(target))
    assert "test" not in [one.get("author") for one in sent_to(target)]
