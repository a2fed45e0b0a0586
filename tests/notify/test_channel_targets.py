"""What operators allow is not for strangers, and addresses are kept encrypted."""

from typing import Any

import pytest

from portal.errors import RuleError
from portal.notify import outbox
from portal.notify.subscribers import Subscriber, WebhookIn
from portal.unit_of_work import By
from portal.worker import retention
from tests.conftest import Build
from tests.notify.channels import KINDS, Reached, channel, open_incident, put_question, sent_to
from tests.notify.deliveries import states
from tests.notify.targets import LISTED
from tests.sites import Site


@pytest.mark.fault(24)
@pytest.mark.parametrize("kind", KINDS)
def test_what_operators_allow_is_not_for_strangers(build: Build, target: Any, kind: str):
    site = build(external_url="https://status.example.com", allowed_targets=LISTED)
    number = channel(site, target, kind)
    asked = channel(site, target, kind, "other", confirmed_at=None, question="q")
    put_question(site, asked)
    open_incident(site)
    with Reached(site, for_readers=()) as told:
        told.run()
    assert target.calls == []
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=5)
    assert letter.recipient == f"subscriber {number}"
    assert letter.error.startswith("Blocked: ")
    assert "secret-path" not in f"{letter.error} {letter.queue}"


@pytest.mark.fault(24)
def test_nor_are_questions_of_strangers_about_an_operators_webhook(build: Build, target: Any):
    site = build(external_url="https://status.example.com", allowed_targets=LISTED)
    number = channel(site, target, "webhook", by_reader=False, question="q")
    put_question(site, number)
    with Reached(site, for_readers=()) as told:
        told.run()
    assert target.calls == []
    assert states(site) == {"dropped": 1}


def test_an_operators_webhook_goes_where_operators_allow(build: Build, target: Any):
    site = build(external_url="https://status.example.com", allowed_targets=LISTED)
    url = f"http://127.0.0.1:{target.server_port}/hook"
    site.portal.notify.subscribers.add_webhook(By("test"), WebhookIn(url=url))
    open_incident(site)
    with Reached(site, for_readers=()) as told:
        told.run()
    (said,) = sent_to(target)
    assert "subscription" not in said


def test_addresses_of_an_older_version_are_encrypted(either: Site, target: Any):
    url = f"http://127.0.0.1:{target.server_port}/a-long-secret-path"
    number = channel(either, target, "webhook", by_reader=False)
    with either.portal.core.open_session() as session:
        plain = {"address": url, "canonical": url, "sealed": None}
        session.query(Subscriber).update(plain)
        session.commit()
    retention.sweep(either.portal)
    with either.portal.core.open_session() as session:
        row = session.get(Subscriber, number)
        assert row is not None
        assert "secret" not in f"{row.address} {row.canonical} {row.sealed}"
        assert either.portal.notify.addresses.of(row) == url
        sealed = row.sealed
    retention.sweep(either.portal)
    with pytest.raises(RuleError):
        either.portal.notify.subscribers.add_webhook(By("test"), WebhookIn(url=url))
    with either.portal.core.open_session() as session:
        assert session.query(Subscriber).one().sealed == sealed


def test_one_that_an_older_version_added_once_more_stops_no_retention(either: Site, target: Any):
    url = f"http://127.0.0.1:{target.server_port}/a-long-secret-path"
    twice = channel(either, target, "webhook", by_reader=False)
    other = channel(either, target, "webhook", "another-secret", by_reader=False)
    either.portal.notify.subscribers.add_webhook(By("test"), WebhookIn(url=url))
    with either.portal.core.open_session() as session:
        for number, plain in ((twice, url), (other, f"{url}-2")):
            row = session.get_one(Subscriber, number)
            row.address = row.canonical = plain
            row.sealed = None
        session.commit()
    retention.sweep(either.portal)
    with either.portal.core.open_session() as session:
        assert session.get_one(Subscriber, other).sealed
        assert session.get_one(Subscriber, twice).address == url, "it is called as before"
