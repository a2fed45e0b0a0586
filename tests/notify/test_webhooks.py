"""Webhooks, called for real on loopback: signed, refused inside, and ended by 410."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from portal import clock
from portal.notify import outbox
from portal.notify.channels import webhook
from portal.notify.outbox import Claim
from portal.notify.subscribers import Subscriber, WebhookIn
from portal.store import engine
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, states
from tests.notify.targets import listening, plain
from tests.sites import Site

LISTED = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def site(build: Build) -> Site:
    return build(allowed_targets=LISTED, external_url="https://status.example.com")


def hook(site: Site, url: str) -> str:
    """Add a webhook; gives its secret."""
    added = site.portal.notify.subscribers.add_webhook(By("test"), WebhookIn(url=url))
    return added.shown.secret


@pytest.fixture
def target() -> Iterator[Any]:
    with listening(plain(204)) as server:
        server.url = f"http://127.0.0.1:{server.server_port}/hook?team=7"  # type: ignore[attr-defined]
        yield server


def test_a_webhook_gets_signed_json(site: Site, target: Any):
    secret = hook(site, target.url)
    with Told(site) as told:
        row = site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
    ((path, headers, body),) = target.calls
    assert path == "/hook?team=7"
    instant, signed = headers["Portal-Signature"].split(",")
    expected = hmac.new(
        secret.encode(), f"{instant.removeprefix('t=')}.".encode() + body, hashlib.sha256
    )
    assert signed == f"v1={expected.hexdigest()}"
    said = json.loads(body)
    assert said["type"] == "incident.opened"
    assert said["ref"] == row.reference
    assert said["url"] == f"https://status.example.com/incidents/{row.reference}"
    assert said["status"] == "investigating"
    assert "test" not in {said["site"]["url"], said.get("author")}
    assert states(site) == {"sent": 1}


@pytest.mark.fault(24)
def test_a_target_inside_is_blocked_and_says_so(build: Build, target: Any):
    site = build()
    hook(site, target.url)
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
    assert target.calls == []
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=5)
    assert letter.error.startswith("Blocked: ")


@pytest.mark.parametrize(
    ("status", "state"), [(302, "dead"), (404, "dead"), (500, "pending"), (429, "pending")]
)
def test_what_a_target_answers_counts(site: Site, status: int, state: str):
    with listening(plain(status)) as server:
        hook(site, f"http://127.0.0.1:{server.server_port}/")
        with Told(site) as told:
            site.portal.status.incidents.open(By("test"), an_incident())
            told.run()
        assert len(server.calls) == 1  # type: ignore[attr-defined]
    assert states(site) == {state: 1}


def test_410_ends_the_subscription(site: Site):
    with listening(plain(410)) as server:
        hook(site, f"http://127.0.0.1:{server.server_port}/")
        with Told(site) as told:
            site.portal.status.incidents.open(By("test"), an_incident())
            told.run()
    assert states(site) == {"dropped": 1}
    with site.portal.core.open_session() as session:
        assert session.query(Subscriber).count() == 0


def test_a_dead_letter_can_be_given_another_life(site: Site, still: StandingClock):
    answers = iter([404, 204])
    with listening(lambda handler: plain(next(answers))(handler)) as server:
        hook(site, f"http://127.0.0.1:{server.server_port}/")
        with Told(site) as told:
            site.portal.status.incidents.open(By("test"), an_incident())
            told.run()
            still.advance(days=3)
            with site.portal.core.open_session() as session:
                engine.begin_write(session)
                (letter,) = outbox.dead_letters(session, limit=5)
                assert outbox.retry(session, letter.id, now=clock.now()) is not None
                session.commit()
            told.run()
    assert states(site) == {"sent": 1}


def test_only_a_webhook_is_told_by_whom_it_is_signed():
    for kind, is_signed in (("webhook", True), ("slack", False), ("teams", False)):
        person = Subscriber(kind=kind, secret="key" if is_signed else "")
        claim = Claim(7, "me", "subscriber 1", "x", None, person)  # type: ignore[arg-type]
        headers = webhook._headers(claim, b"{}")
        assert ("Portal-Signature" in headers, headers.get("Portal-Delivery")) == (
            (True, "7") if is_signed else (False, None)
        )
