"""Who is told what, and how long a question waits for its answer."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.audit.chain import AuditEvent
from portal.errors import RuleError
from portal.notify import subscribers
from portal.notify.subscribers import (
    ASK_AGAIN_AFTER,
    CONFIRM_WITHIN,
    Addresses,
    Choices,
    Links,
    Subscriber,
    SubscriberKind,
    SubscriptionIn,
    WebhookIn,
    acts,
    offers,
    schemas,
    subscribing,
)
from portal.status.notices import Notice
from portal.unit_of_work import By, Transaction
from tests.instants import HOUR, NOW, TICK
from tests.rows import component
from tests.rows import notice as make_notice
from tests.rows import subscriber as person


@pytest.fixture
def session(session: Session) -> Session:
    for number, (slug, is_public) in enumerate((("api", True), ("inside", False))):
        session.add(component(slug, position=number, is_public=is_public, since=NOW.date()))
    session.flush()
    return session


def notice(**values: Any) -> Notice:
    return make_notice(**{"kind": "incident", **values})


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


def ask(session: Session, *, now: datetime = NOW, **values: Any) -> Subscriber | None:
    given = SubscriptionIn(**{"address": "ada@example.com", **values})
    subscribers.ask(session, given, now=now)
    session.flush()
    return session.scalar(select(Subscriber).where(Subscriber.address == given.address))


def questions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Notice)) or 0


def test_nothing_changes_until_the_question_is_answered(session: Session):
    row = ask(session, topics=["maintenance"], components=["api"])
    assert row is not None
    assert (row.confirmed_at, row.topics, questions(session)) == (None, [], 1)
    subscribers.confirm(row, now=NOW + HOUR)
    assert (row.topics, row.components) == (["maintenance"], ["api"])
    assert (row.question, row.wanted, row.confirmed_at) == (None, {}, NOW + HOUR)
    ask(session, now=NOW + 2 * HOUR, topics=["incidents"])
    assert row.topics == ["maintenance"]
    subscribers.confirm(row, now=NOW + 3 * HOUR)
    assert (row.topics, row.confirmed_at) == (["incidents"], NOW + HOUR)


@pytest.mark.parametrize(
    ("later", "asked", "why"),
    [(ASK_AGAIN_AFTER - TICK, 1, "asked just now"), (ASK_AGAIN_AFTER, 2, "ten minutes ago")],
)
def test_whoever_asks_again_and_again_fills_no_mailbox(session: Session, later, asked, why):
    row = ask(session)
    assert row is not None
    first = row.question
    ask(session, now=NOW + later)
    assert questions(session) == asked, why
    assert (row.question != first) is (asked == 2)


def test_who_has_answered_may_be_asked_again_at_once(session: Session):
    row = ask(session)
    assert row is not None
    subscribers.confirm(row, now=NOW)
    ask(session, now=NOW + TICK, topics=["incidents"])
    assert questions(session) == 2


@pytest.mark.parametrize(
    ("bound", "addresses", "other"),
    [
        ("MOST_TO_MAILBOX", ["v+{n}@example.com"], "v_@example.com"),
        ("MOST_TO_DOMAIN", ["p{n}@example.com"], "p@sub.example.com"),
        ("MOST_IN_ALL", ["p@example{n}.com"], None),
    ],
)
def test_only_so_many_questions_are_sent_within_an_hour(
    session: Session, monkeypatch: pytest.MonkeyPatch, bound, addresses, other
):
    monkeypatch.setattr(subscribing, bound, 2)
    (pattern,) = addresses
    made = [pattern.format(n=number) for number in range(4)]
    for address in made[:2]:
        ask(session, address=address)
    # Whether the address is known makes no difference.
    for address in made[2:]:
        with pytest.raises(subscribers.TooManyQuestionsError):
            ask(session, address=address)
    assert questions(session) == 2
    if other is not None:
        ask(session, address=other)
    else:
        with pytest.raises(subscribers.TooManyQuestionsError):
            ask(session, address="somebody@elsewhere.example")
    ask(session, address=made[2], now=NOW + HOUR)
    assert questions(session) == (4 if other else 3)


def test_who_answers_makes_room(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subscribing, "MOST_TO_DOMAIN", 1)
    row = ask(session)
    assert row is not None
    with pytest.raises(subscribers.TooManyQuestionsError):
        ask(session, address="bob@example.com")
    subscribers.confirm(row, now=NOW)
    assert ask(session, address="bob@example.com") is not None


def test_only_so_many_addresses_that_never_answered_are_kept(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(subscribing, "MOST_UNCONFIRMED", 2)
    for number in range(2):
        ask(session, address=f"p{number}@example.com")
    with pytest.raises(subscribers.TooManyQuestionsError):
        ask(session, address="p9@example.com", now=NOW + 2 * HOUR)
    known = session.scalars(select(Subscriber)).first()
    assert known is not None
    subscribers.confirm(known, now=NOW)
    assert ask(session, address="p9@example.com", now=NOW + 2 * HOUR) is not None


def test_one_mailbox_is_one_subscriber_and_is_sent_to_as_written(session: Session):
    row = ask(session, address="Reader@Example.org")
    assert row is not None
    subscribers.confirm(row, now=NOW)
    ask(session, address="reader@example.org", topics=["incidents"], now=NOW + HOUR)
    (same,) = session.scalars(select(Subscriber))
    assert (same.id, same.address) == (row.id, "Reader@example.org")
    assert same.wanted["topics"] == ["incidents"]
    session.add(person(id=99, address="READER@example.org"))
    with pytest.raises(IntegrityError):
        session.flush()


def test_a_hidden_component_is_none_to_readers(session: Session):
    for slug in ("inside", "nothing"):
        with pytest.raises(RuleError, match=f"no component {slug}"):
            ask(session, components=[slug])
    row = person()
    with pytest.raises(RuleError):
        subscribers.choose(session, row, Choices(components=["inside"]))
    subscribers.choose(session, row, Choices(topics=["incidents"], components=["api"]))
    assert (row.topics, row.components) == (["incidents"], ["api"])


@pytest.mark.parametrize(
    ("age", "is_good", "why"),
    [
        (timedelta(0), True, "just asked"),
        (CONFIRM_WITHIN, True, "the last instant"),
        (CONFIRM_WITHIN + TICK, False, "too late"),
    ],
)
def test_a_question_is_good_for_two_days(session: Session, age, is_good, why):
    links = Links("secret")
    row = person(question="q", confirmed_at=None, asked_at=NOW - age)
    session.add(row)
    session.flush()
    found = links.to_confirm(session, links.confirm(row), now=NOW)
    assert (found is row) is is_good, why


def test_a_question_is_answered_once(session: Session):
    links = Links("secret")
    row = person(question="q", asked_at=NOW)
    session.add(row)
    session.flush()
    text = links.confirm(row)
    assert links.to_confirm(session, text, now=NOW) is row
    row.question = "another"
    assert links.to_confirm(session, text, now=NOW) is None
    row.question = None
    assert links.to_confirm(session, text, now=NOW) is None
    assert links.to_confirm(session, links.confirm(row), now=NOW) is None
    for bad in ("", "garbage", links.manage(row), Links("other").confirm(row)):
        assert links.to_confirm(session, bad, now=NOW) is None


def test_a_link_opens_its_own_subscription_alone(session: Session):
    links = Links("secret")
    row = person()
    session.add(row)
    session.flush()
    text = links.manage(row)
    assert links.to_manage(session, text) is row
    assert links.to_manage(session, links.confirm(row)) is None
    # Numbers of rows come again: whoever has it now is somebody else.
    row.created_at = NOW
    assert links.to_manage(session, text) is None
    session.delete(row)
    session.flush()
    assert links.to_manage(session, text) is None


def hook(session: Session, url: str = "https://hooks.example.com/x", **values: Any) -> Subscriber:
    tx = Transaction(session, NOW, By("ada"))
    return acts.webhook(tx, WebhookIn(url=url, **values), Addresses("secret"))


def test_a_webhook_is_told_at_once_and_its_key_is_its_own(session: Session):
    row = hook(session, topics=["incidents"], components=["inside"])
    assert (row.kind, row.confirmed_at, row.components) == ("webhook", NOW, ["inside"])
    other = hook(session, "https://hooks.example.com/y")
    assert len(row.secret) == 48
    assert row.secret != other.secret
    event = session.scalars(select(AuditEvent)).first()
    assert event is not None
    assert event.detail == {"subscriber": row.id, "host": "hooks.example.com"}


@pytest.mark.parametrize(
    ("url", "values", "field"),
    [
        ("ftp://hooks.example.com/", {}, "url"),
        ("https://hooks.example.com/x", {}, "url"),
        ("https://hooks.example.com/y", {"components": ["nothing"]}, "components"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(session: Session, url, values, field):
    hook(session)
    with pytest.raises(RuleError) as caught:
        hook(session, url, **values)
    assert caught.value.field == field


def test_subscribers_are_listed_the_newest_first(session: Session):
    assert subscribers.page(session, limit=9, offset=0) == ([], 0)
    session.add_all([person(1), person(2, kind="webhook"), person(3), person(4)])
    session.flush()
    rows, total = subscribers.page(session, limit=2, offset=1)
    assert ([row.id for row in rows], total) == ([3, 2], 4)
    rows, total = subscribers.page(session, limit=9, offset=0, kind=SubscriberKind.MAIL)
    assert ([row.id for row in rows], total) == ([4, 3, 1], 3)


def test_how_many_are_told_of_a_notice(session: Session):
    session.add_all(
        [
            person(1),
            person(2, topics=["maintenance"]),
            person(3, confirmed_at=None),
            person(4, kind="webhook"),
            person(5),
        ]
    )
    session.flush()
    assert subscribers.told(session, notice()) == {"mail": 2, "slack": 0, "teams": 0, "webhook": 1}
    counts = subscribers.counts(session)
    assert (counts.mail, counts.webhook, counts.unconfirmed) == (3, 1, 1)


@pytest.mark.parametrize(
    ("age", "is_kept"), [(CONFIRM_WITHIN - TICK, True), (CONFIRM_WITHIN, False)]
)
def test_who_never_answers_is_forgotten(session: Session, age, is_kept):
    session.add_all(
        [person(1, confirmed_at=None, asked_at=NOW - age), person(2, asked_at=NOW - age)]
    )
    session.flush()
    subscribers.sweep(session, now=NOW)
    assert set(session.scalars(select(Subscriber.id))) == ({1, 2} if is_kept else {2})


def test_an_operator_ends_a_subscription(session: Session):
    row = person()
    session.add(row)
    session.flush()
    session.commit()
    made = acts.Subscribers(lambda: Session(session.get_bind()), Addresses("secret"))
    made.remove(By("ada"), row.id)
    assert session.scalars(select(Subscriber)).all() == []
    event = session.scalars(select(AuditEvent)).one()
    assert event.detail == {"subscriber": 1, "kind": "mail"}


def test_who_comes_next_is_found_by_number(session: Session):
    session.add_all([person(number) for number in (1, 2, 3, 4)])
    session.flush()

    def after(position: int, most: int = 9) -> list[int]:
        found = subscribers.after(session, position, before=NOW, now=NOW, most=most)
        return [row.id for row in found]

    assert after(0) == [1, 2, 3, 4]
    assert after(2) == [3, 4]
    assert after(0, most=2) == [1, 2]


def test_without_a_server_those_with_a_mailbox_are_left_out(session: Session):
    session.add_all([person(1), person(2, kind="slack"), person(3), person(4, kind="webhook")])
    session.flush()
    found = subscribers.after(session, 0, before=NOW, now=NOW, most=9, has_mail=False)
    assert [row.id for row in found] == [2, 4]
    found = subscribers.after(session, 0, until=2, before=NOW, now=NOW, most=9)
    assert [row.id for row in found] == [1, 2]


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({"channels": ["email"]}, ["mail"]),
        ({"channels": ["api"]}, ["slack", "teams", "webhook"]),
        ({"channels": ["email", "api"]}, ["mail", "slack", "teams", "webhook"]),
        ({"channels": ["web"]}, []),
        ({"audiences": ["admin"]}, []),
        ({"kind": "alert"}, []),
    ],
)
def test_for_which_kinds_a_notice_may_be(session: Session, values: Any, kinds: list[str]):
    what = notice(**values)
    assert sorted(subscribers.kinds_of(what)) == kinds
    session.add(person(1))
    session.flush()
    told = subscribers.told(session, what)
    assert told["mail"] == (1 if "mail" in kinds else 0)


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
