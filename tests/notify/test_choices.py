"""Who is told what, by their choices and by what a notice is; on values."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from portal.notify.subscribers import SubscriptionIn, offers, schemas
from tests.notify.subscribing import notice
from tests.rows import subscriber as person


@pytest.mark.unit
@pytest.mark.parametrize(
    ("who", "what", "is_told", "why"),
    [
        ({}, {}, True, "it is public, of a topic that they want, and comes by mail"),
        ({"confirmed_at": None}, {}, False, "they never answered"),
        ({}, {"audiences": ["admin"]}, False, "it is not public"),
        ({}, {"audiences": ["admin", "public"]}, True, "it is public too"),
        ({}, {"channels": ["api"]}, False, "it does not come by mail"),
        ({"kind": "webhook"}, {"channels": ["api"]}, True, "a webhook is the API's"),
        ({"kind": "webhook"}, {"channels": ["email"]}, False, "and no mail"),
        ({"topics": ["maintenance"]}, {}, False, "incidents are not what they want"),
        ({"topics": ["maintenance"]}, {"kind": "series"}, True, "a series is maintenance"),
        ({"topics": ["announcements"]}, {"kind": "message"}, True, "a message is an announcement"),
        ({"components": ["api"]}, {}, True, "it is of no component, so of all"),
        ({"components": ["api"]}, {"components": ["api", "web"]}, True, "one of theirs"),
        ({"components": ["api"]}, {"components": ["web"]}, False, "none of theirs"),
        ({}, {"components": ["web"]}, True, "all are theirs"),
    ],
)
def test_who_is_told_what(who, what, is_told, why):
    assert person(**who).wants(notice(**what)) is is_told, why


@pytest.mark.unit
def test_what_shares_a_way_out():
    assert person().queue == "mail"
    hook = person(kind="webhook", address="https://hooks.example.com/secret")
    assert hook.queue == "webhook hooks.example.com"
    assert len(person(kind="webhook", address=f"https://{'a' * 300}.example/").queue) == 200


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Ada@Example.COM ", "Ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@localhost", None),
        ("example.com", None),
        ("a b@example.com", None),
        ("ada@example.com, bob@example.com", None),
        ("ädä@example.com", None),
        ("ada@" + "a" * 64 + ".example", None),
        ("a" * 65 + "@example.com", None),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("ada\x7f@example.com", None),
    ],
)
def test_a_mail_address_has_one_spelling(text, address):
    if address is None:
        with pytest.raises(ValidationError, match="address"):
            SubscriptionIn(address=text)
    else:
        assert SubscriptionIn(address=text).address == address


def test_an_address_that_is_a_secret_is_not_shown():
    secret = "https://hooks.example.com/secret"
    hook = person(kind="webhook", address=secret, by_reader=False)
    assert "secret" not in schemas.out(hook).address
    shown = "https://hooks.example.com/…"
    sealed = person(kind="webhook", address=shown, sealed="x", by_reader=True)
    assert schemas.out(sealed).address == shown
    mailbox = person(by_reader=True)
    assert schemas.out(mailbox).address == mailbox.address


@pytest.mark.parametrize(
    ("kinds", "mail", "url", "offered"),
    [
        ({"mail", "slack"}, True, "https://s.example", ["mail", "slack"]),
        ({"mail", "slack"}, False, "https://s.example", ["slack"]),
        ({"mail", "slack"}, True, "", ["mail"]),
        (set(), True, "https://s.example", []),
    ],
)
def test_by_what_readers_may_subscribe(kinds: set[str], mail: bool, url: str, offered: list[str]):
    settings: Any = SimpleNamespace(
        subscribe_with=kinds, smtp_url=object() if mail else None, external_url=url
    )
    assert list(offers.offered(settings)) == offered
