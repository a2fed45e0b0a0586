"""A question and its answer: nothing changes before it, and it is good for two days."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.notify import subscribers
from portal.notify.subscribers import CONFIRM_WITHIN, Choices, Links, Subscriber
from tests.instants import HOUR, NOW, TICK
from tests.notify.subscribing import ask, questions, with_components
from tests.rows import subscriber as person


@pytest.fixture
def session(session: Session) -> Session:
    return with_components(session)


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
    links = Links(("secret",))
    row = person(question="q", confirmed_at=None, asked_at=NOW - age)
    session.add(row)
    session.flush()
    found = links.to_confirm(session, links.confirm(row), now=NOW)
    assert (found is row) is is_good, why


def test_a_question_is_answered_once(session: Session):
    links = Links(("secret",))
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
    for bad in ("", "garbage", links.manage(row), Links(("other",)).confirm(row)):
        assert links.to_confirm(session, bad, now=NOW) is None


def test_a_link_opens_its_own_subscription_alone(session: Session):
    links = Links(("secret",))
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
