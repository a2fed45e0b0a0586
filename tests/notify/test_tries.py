"""What becomes of a try, and whose word counts."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.outbox import CLAIMED_FOR, Result, State
from portal.notify.outbox.claims import PAUSES
from portal.notify.subscribers import Subscriber
from portal.status.notices import Notice
from tests.instants import HOUR, MINUTE, NOW, TICK
from tests.notify.outbox_rows import US, deliver, person, put, settle


def test_a_notice_counts_what_became_of_its_own(session: Session):
    for number in (1, 2):
        put(session, number)
        deliver(session, number, notice_id=number, state="sending", claimed_by=US)
    settle(session, Result.SENT, number=1)
    session.flush()
    session.expire_all()
    found = [session.get_one(Notice, number).sent for number in (1, 2)]
    assert found == [1, 0]


@pytest.mark.parametrize("spread", [0.8, 1.2])
def test_tries_that_failed_together_do_not_come_together_again(
    session: Session, monkeypatch: pytest.MonkeyPatch, spread: float
):
    monkeypatch.setattr("random.uniform", lambda low, high: low if spread < 1 else high)
    put(session)
    row = deliver(session, state="sending", claimed_by=US, claimed_until=NOW + MINUTE)
    settle(session, Result.LATER, "why")
    assert row.due_at - NOW == PAUSES[0] * spread


@pytest.mark.parametrize(
    ("result", "state", "attempts"),
    [
        (Result.SENT, State.SENT, 2),
        (Result.REFUSED, State.DEAD, 3),
        (Result.GONE, State.DROPPED, 2),
        (Result.CLOSED, State.PENDING, 2),
        (Result.LATER, State.PENDING, 3),
    ],
)
def test_what_becomes_of_a_try(session: Session, result, state, attempts):
    put(session)
    told = person(session, 5)
    person(session, 6)
    row = deliver(
        session,
        recipient="subscriber 5",
        state="sending",
        claimed_by=US,
        attempts=2,
        claimed_until=NOW + MINUTE,
    )
    settle(session, result, "why" * 100, told=told)
    assert (row.state, row.attempts) == (state, attempts)
    assert (row.claimed_by, row.claimed_until) == ("", None)
    assert row.error == ("" if result is Result.SENT else ("why" * 100)[:200])
    if state is State.PENDING:
        assert row.settled_at is None
        pause = PAUSES[2] if result is Result.LATER else timedelta(0)
        assert 0.8 * pause <= row.due_at - NOW <= 1.2 * pause
    else:
        assert row.settled_at == NOW
    session.flush()
    known = set(session.scalars(select(Subscriber.id)))
    assert known == ({6} if result is Result.GONE else {5, 6})


def test_what_waits_for_a_channel_that_is_gone_is_not_for_the_next_with_its_number(
    session: Session,
):
    put(session)
    put(session, 2, ref="m-2")
    channel = {"kind": "webhook", "address": "https://hooks.example.com/x"}
    told = person(session, 5, **channel)
    deliver(session, 1, recipient="subscriber 5", state="sending", claimed_by=US)
    later = deliver(session, 2, notice_id=2, recipient="subscriber 5", due_at=NOW + HOUR)
    settle(session, Result.GONE, "gone", told=told)
    session.expire_all()
    person(session, 5, **channel, confirmed_at=None)
    assert later.state == "dropped"
    assert not outbox.claim(session, "chat c", by=US, most=9, now=NOW + 2 * HOUR)


def test_a_channel_that_is_gone_does_not_take_the_next_with_its_number_along(session: Session):
    put(session)
    put(session, 2, ref="m-2")
    before = Subscriber(kind="webhook", canonical="https://gone.example/x", created_at=NOW - HOUR)
    person(session, 5, kind="webhook", address="https://hooks.example.com/x")
    deliver(session, 1, recipient="subscriber 5", state="sending", claimed_by=US)
    later = deliver(session, 2, notice_id=2, recipient="subscriber 5", due_at=NOW + HOUR)
    settle(session, Result.GONE, "gone", told=before)
    session.expire_all()
    assert session.get(Subscriber, 5) is not None
    assert later.state == "pending"


@pytest.mark.parametrize(("attempts", "state"), [(4, State.PENDING), (5, State.DEAD)])
def test_after_so_many_tries_it_is_given_up(session: Session, attempts, state):
    put(session)
    row = deliver(session, state="sending", claimed_by=US, attempts=attempts)
    settle(session, Result.LATER, "busy")
    assert (row.state, row.attempts, row.error) == (state, attempts + 1, "busy")


@pytest.mark.parametrize(
    ("state", "by", "result", "after", "why"),
    [
        ("sending", US, Result.REFUSED, "dead", "it is ours"),
        ("sending", "other", Result.REFUSED, "sending", "another tries it"),
        ("sending", "other", Result.SENT, "sent", "but it arrived"),
        ("pending", "", Result.LATER, "pending", "old news of a try that was given up"),
        ("pending", "", Result.REFUSED, "pending", "of whatever kind"),
        ("pending", "", Result.SENT, "sent", "but that it arrived counts"),
        ("dead", "", Result.SENT, "dead", "what was settled is not changed"),
        ("dropped", US, Result.SENT, "dropped", "nor taken up"),
    ],
)
def test_whose_word_counts(session: Session, state, by, result, after, why):
    put(session)
    row = deliver(session, state=state, claimed_by=by)
    settle(session, result)
    assert row.state == after, why
    assert row.attempts == (1 if after == "dead" != state else 0)


@pytest.mark.parametrize(
    ("by", "number", "queue", "is_freed", "why"),
    [
        (US, 5, "mail", False, "it is under way here"),
        (US, 5, "chat c", False, "on whatever queue"),
        (US, 1, "mail", True, "nobody here speaks of it"),
        ("other", 1, "mail", True, "who delivered before has left it"),
        ("other", 5, "mail", True, "what is under way here by the same number is not it"),
    ],
)
def test_what_is_given_back(session: Session, by, number, queue, is_freed, why):
    put(session)
    row = deliver(
        session, number, state="sending", queue=queue, claimed_by=by, claimed_until=NOW + TICK
    )
    deliver(session, 9, state="sent")
    count = outbox.release(session, by=US, under_way={5}, now=NOW)
    assert count == (1 if is_freed else 0), why
    if is_freed:
        assert (row.state, row.due_at, row.claimed_by, row.claimed_until) == (
            "pending",
            NOW,
            "",
            None,
        )
    else:
        assert (row.state, row.claimed_until) == ("sending", NOW + CLAIMED_FOR)


@pytest.mark.parametrize(
    ("until", "stuck", "why"),
    [(timedelta(0), 0, "its holder has this instant left"), (-TICK, 1, "its holder has died")],
)
def test_what_a_dead_one_holds_counts_as_stuck(session: Session, until, stuck, why):
    put(session)
    deliver(session, state="sending", claimed_by="dead", claimed_until=NOW + until)
    assert outbox.figures(session, now=NOW).stuck == stuck, why


def test_each_end_of_a_try_is_counted(session: Session):
    notice = put(session)
    person(session, 4)
    results = [Result.SENT, Result.REFUSED, Result.LATER, Result.GONE, Result.CLOSED]
    for number, result in enumerate(results, start=1):
        deliver(session, number, recipient=f"subscriber {number}", state="sending", claimed_by=US)
        settle(session, result, number=number)
        # Said again, it counts once.
        settle(session, result, number=number)
    session.refresh(notice)
    assert (notice.sent, notice.dead, notice.dropped, notice.pending) == (1, 1, 1, 2)
    outbox.retry(session, 2, now=NOW)
    session.refresh(notice)
    assert (notice.dead, notice.pending) == (0, 3)
    outbox.drop_all(session, "over", now=NOW)
    session.refresh(notice)
    assert (notice.dropped, notice.pending) == (4, 0)
