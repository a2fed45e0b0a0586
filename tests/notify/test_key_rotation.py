"""What was signed, encrypted and named with an earlier key, once there is a new one."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import search
from portal.ciphers import UnreadableError
from portal.errors import RuleError
from portal.notify import renewal, subscribers
from portal.notify.subscribers import (
    ASK_AGAIN_AFTER,
    Addresses,
    ChannelIn,
    Links,
    Subscriber,
    WebhookIn,
    acts,
)
from portal.unit_of_work import By, Transaction
from tests.instants import NOW
from tests.notify.codes import ADDRESSES, LINKS, WHOLE, ask
from tests.notify.subscribing import hook
from tests.rows import subscriber

NEW, BOTH = ("new",), ("new", "secret")


@pytest.fixture
def addresses() -> Addresses:
    return Addresses(BOTH)


def test_links_of_an_earlier_key_open_while_that_is_known(session: Session):
    row = subscriber(question="q", confirmed_at=None, asked_at=NOW)
    session.add(row)
    session.flush()
    manage, confirm = LINKS.manage(row), LINKS.confirm(row)
    assert Links(BOTH).to_manage(session, manage) is row
    assert Links(BOTH).to_confirm(session, confirm, now=NOW) is row
    assert Links(NEW).to_manage(session, manage) is None
    assert Links(NEW).to_confirm(session, confirm, now=NOW) is None
    # What is signed from now on needs the new key alone.
    assert Links(NEW).to_manage(session, Links(BOTH).manage(row)) is row


def test_a_code_of_an_earlier_key_is_taken_while_that_is_known(session: Session):
    row = ask(session)
    assert Links(BOTH).to_answer(session, LINKS.answer(row), now=NOW) is row
    assert Links(NEW).to_answer(session, LINKS.answer(row), now=NOW) is None
    assert Links(BOTH).code(row) == Links(NEW).code(row) != LINKS.code(row)
    assert Links(BOTH).is_code(row, Links(NEW).code(row))
    assert not Links(NEW).is_code(row, LINKS.code(row))
    assert subscribers.answer(row, LINKS.code(row), Links(BOTH), now=NOW)


def test_a_channel_of_an_earlier_key_is_known_and_read(session: Session, addresses: Addresses):
    row = ask(session)
    assert addresses.of(row) == WHOLE.format(1)
    asked = ChannelIn(kind="slack", address=WHOLE.format(1), topics=["incidents"])
    later = NOW + ASK_AGAIN_AFTER
    assert subscribers.ask_channel(session, asked, addresses, now=later) is row
    with pytest.raises(UnreadableError):
        Addresses(NEW).of(row)


def renew(session: Session, row: Subscriber, addresses: Addresses) -> bool:
    return renewal.renew(Transaction(session, NOW, By("cli:ada")), row, addresses)


def test_a_channel_is_encrypted_and_named_anew_once(session: Session, addresses: Addresses):
    row = ask(session)
    shown = row.address
    assert not addresses.is_current(row.sealed or "")
    assert renew(session, row, addresses)
    assert not renew(session, row, addresses)
    assert session.scalars(select(Subscriber)).all() == [row]
    assert (row.address, row.canonical) == (shown, Addresses(NEW).name(WHOLE.format(1)))
    assert Addresses(NEW).of(row) == WHOLE.format(1)
    with pytest.raises(UnreadableError):
        ADDRESSES.of(row)


@pytest.mark.parametrize(
    ("is_confirmed", "stays"), [(True, "later"), (False, "earlier")], ids=["wanted", "never said"]
)
def test_of_a_channel_that_subscribed_again_meanwhile_one_stays(
    session: Session, addresses: Addresses, is_confirmed: bool, stays: str
):
    """While the earlier key was not known, nobody could tell that it was the same one."""
    asked = ChannelIn(kind="slack", address=WHOLE.format(1), topics=["incidents"])
    row, later = ask(session), subscribers.ask_channel(session, asked, Addresses(NEW), now=NOW)
    later.confirmed_at = NOW if is_confirmed else None
    # Asked once more, it is the later one that is meant.
    assert subscribers.ask_channel(session, asked, addresses, now=NOW) is later
    gone, kept = (row, later) if stays == "later" else (later, row)
    number = gone.id
    assert renew(session, row, addresses) is (kept is row)
    session.flush()
    assert session.scalars(select(Subscriber)).all() == [kept]
    assert Addresses(NEW).of(kept) == WHOLE.format(1)
    (event,) = search.search(session, event_type="subscriber.removed")[0]
    assert (event.actor, event.detail) == ("cli:ada", {"subscriber": number, "kind": "slack"})


def test_what_no_key_opens_is_not_renewed(session: Session):
    with pytest.raises(UnreadableError):
        renew(session, ask(session), Addresses(NEW))


def test_an_address_that_is_told_under_an_earlier_key_is_not_told_twice(
    session: Session, addresses: Addresses
):
    """An older version stored addresses as they are; one of them may stand here already."""
    row = ask(session)
    plain = subscriber(9, kind="slack", address=WHOLE.format(1), canonical=WHOLE.format(1))
    session.add(plain)
    session.flush()
    addresses.encrypt_plain(session)
    assert (plain.sealed, plain.address) == (None, WHOLE.format(1))
    session.delete(row)
    session.flush()
    addresses.encrypt_plain(session)
    assert addresses.of(plain) == WHOLE.format(1)
    assert plain.address != WHOLE.format(1)


def test_a_webhook_of_an_earlier_key_is_told_already(session: Session, addresses: Addresses):
    row = hook(session)
    again = WebhookIn(url=addresses.of(row))
    with pytest.raises(RuleError, match="told already"):
        acts.webhook(Transaction(session, NOW, By("ada")), again, addresses)
