"""The outbox row by row: who is addressed, what is taken, and what becomes of a try."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.notify import outbox
from portal.notify.outbox import (
    CLAIMED_FOR,
    FAILED_SHOWN,
    KEPT,
    LONGEST_WAIT,
    STUCK_AFTER,
    Claim,
    Delivery,
    Outcome,
    Result,
    State,
    addressing,
    retention,
)
from portal.notify.outbox.claims import PAUSES
from portal.notify.subscribers import Subscriber
from portal.status.notices import NEWS, Notice, Urgency
from tests import rows
from tests.instants import HOUR, MINUTE, NOW, TICK

US = "node me"


def put(session: Session, number: int = 1, **values: Any) -> Notice:
    named = {"key": f"k{number}", "ref": f"m-{number}", "title": f"T{number}"}
    row = rows.notice(**{"id": number, **named, **values})
    session.add(row)
    session.flush()
    return row


def person(session: Session, number: int = 1, **values: Any) -> Subscriber:
    row = rows.subscriber(number, **{"topics": ["maintenance"], **values})
    session.add(row)
    session.flush()
    return row


def deliver(session: Session, number: int = 1, **values: Any) -> Delivery:
    told = {"recipient": f"chat c{number}", "queue": "chat c"}
    row = rows.delivery(**{"id": number, **told, **values})
    session.add(row)
    if (notice := session.get(Notice, row.notice_id)) is not None:
        notice.recipients += 1
        if row.state in ("sent", "dead", "dropped"):
            setattr(notice, row.state, getattr(notice, row.state) + 1)
    session.flush()
    return row


def addressed(session: Session) -> list[tuple[int, str, str]]:
    rows = session.scalars(select(Delivery).order_by(Delivery.id))
    return [(row.notice_id, row.recipient, row.queue) for row in rows]


def test_nothing_is_left_to_address(session: Session):
    assert not outbox.address(session, ["c"], now=NOW)
    assert not outbox.has_unaddressed(session, now=clock.now())
    put(session, addressed_at=NOW)
    assert not outbox.address(session, ["c"], now=NOW)
    assert not outbox.has_unaddressed(session, now=clock.now())
    put(session, 2)
    assert outbox.has_unaddressed(session, now=clock.now())


def test_whoever_wants_it_is_addressed_and_then_the_chats(session: Session):
    person(session, 1)
    person(session, 2, topics=["incidents"])
    person(session, 3, kind="webhook", address="https://hooks.example.com/x")
    person(session, 4, confirmed_at=None)
    notice = put(session)
    assert outbox.address(session, ["c"], now=NOW)
    assert addressed(session) == [
        (1, "subscriber 1", "mail"),
        (1, "subscriber 3", "webhook hooks.example.com"),
        (1, "chat c", "chat c"),
    ]
    assert notice.addressed_at == NOW
    row = session.get(Delivery, 1)
    assert row is not None
    assert (row.state, row.attempts, row.due_at, row.error) == ("pending", 0, NOW, "")


def test_who_confirmed_after_it_hears_nothing_of_it(session: Session):
    person(session, 1, confirmed_at=NOW)
    person(session, 2, confirmed_at=NOW + TICK)
    # By a clock that was set back since.
    person(session, 3, confirmed_at=NOW + 2 * HOUR)
    person(session, 4, confirmed_at=NOW + HOUR)
    put(session)
    outbox.address(session, [], now=NOW + HOUR)
    assert [recipient for _, recipient, _ in addressed(session)] == ["subscriber 1", "subscriber 3"]


def test_many_are_addressed_some_at_a_time(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(addressing, "AT_ONCE", 2)
    for number in (1, 2, 3, 4):
        person(session, number)
    notice = put(session)
    assert outbox.address(session, ["c"], now=NOW)
    assert (notice.position, notice.addressed_at, len(addressed(session))) == (2, None, 2)
    assert outbox.address(session, ["c"], now=NOW)
    assert (notice.position, notice.addressed_at, len(addressed(session))) == (4, None, 4)
    assert outbox.address(session, ["c"], now=NOW)
    assert notice.addressed_at == NOW
    assert addressed(session)[-1] == (1, "chat c", "chat c")
    assert not outbox.address(session, ["c"], now=NOW)


def test_a_question_goes_to_the_one_it_is_for(session: Session):
    put(session, kind="subscription", event="asked", ref="7", audiences=[], channels=[])
    assert outbox.address(session, ["c"], now=NOW)
    assert addressed(session) == [(1, "subscriber 7", "mail")]


@pytest.mark.parametrize(
    ("age", "position", "later", "is_told", "why"),
    [
        (STUCK_AFTER, 0, True, False, "nobody delivered for long, and there is later news"),
        (STUCK_AFTER - TICK, 0, True, True, "not so long"),
        (STUCK_AFTER, 0, False, True, "there is no later news"),
        (STUCK_AFTER, 1, True, True, "some have been told already"),
    ],
)
def test_what_is_overtaken_is_told_to_nobody(session, age, position, later, is_told, why):
    notice = put(session, created_at=NOW - age, position=position)
    put(session, 2, ref="m-1" if later else "m-9", addressed_at=NOW)
    put(session, 3, kind="series", ref="m-1", addressed_at=NOW)
    assert outbox.address(session, ["c"], now=NOW)
    assert notice.addressed_at == NOW
    assert bool(addressed(session)) is is_told, why


def test_what_is_for_no_subscriber_is_addressed_at_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(addressing, "AT_ONCE", 1)
    for number in (1, 2):
        person(session, number)
    notice = put(session, audiences=["operations"])
    assert outbox.address(session, ["c"], now=NOW)
    assert (notice.first, notice.addressed_at) == (None, NOW)
    assert addressed(session) == [(1, "chat c", "chat c")]


@pytest.mark.parametrize(
    ("values", "is_released"),
    [
        ({}, True),
        ({"ref": "m-9"}, False),
        ({"kind": "series"}, False),
        ({"addressed_at": NOW}, False),
    ],
)
def test_what_is_held_of_the_same_thing_goes_first(session: Session, values, is_released):
    held = put(session, 1, **{"held_until": NOW + HOUR, "ref": "m-1", **values})
    later = put(session, 2, ref="m-1")
    assert outbox.address(session, ["c"], now=NOW)
    session.flush()
    session.expire_all()
    assert (held.held_until is None) is is_released
    assert (later.addressed_at is None) is is_released


URGENT, NORMAL = Urgency.URGENT.value, Urgency.NORMAL.value


@pytest.mark.parametrize(
    ("earlier", "later", "is_lifted", "why"),
    [
        ({}, {}, True, "it waits, and what follows is urgent"),
        ({"ref": "m-9"}, {}, False, "it is of another thing"),
        ({"kind": "series"}, {}, False, "or of another kind"),
        ({"urgency": URGENT}, {}, False, "it is urgent already"),
        ({}, {"urgency": NORMAL}, False, "what follows is not urgent"),
        ({"addressed_at": None}, {}, True, "it is not even addressed"),
        ({"sent": 1, "dead": 1, "dropped": 1}, {}, False, "nobody waits for it"),
        ({"sent": 1, "dropped": 1}, {}, True, "one does"),
        ({"sent": 1, "dead": 1}, {}, True, "whatever became of the rest"),
        ({}, {"first": 0}, False, "the later one has begun"),
    ],
)
def test_what_waits_is_lifted_before_what_is_urgent(session, earlier, later, is_lifted, why):
    before = {"addressed_at": NOW, "urgency": NORMAL, "recipients": 3, "ref": "m-1"}
    one = put(session, 1, **{**before, **earlier})
    other = put(session, 2, **{"ref": "m-1", "urgency": URGENT, **later})
    row = deliver(session, 1, notice_id=1, urgency=one.urgency)
    one.recipients -= 1
    put(session, 3, ref="m-1", urgency=NORMAL, addressed_at=NOW, recipients=3)
    assert not addressing._is_overtaken(session, other, NOW)
    count = 0
    while addressing._lift_earlier(session, other):
        count += 1
    session.flush()
    session.expire_all()
    assert bool(count) is is_lifted, why
    assert (one.urgency, row.urgency) == (
        (URGENT, URGENT) if is_lifted else (earlier.get("urgency", NORMAL),) * 2
    )


@pytest.mark.parametrize(
    ("reached", "pending", "last", "start"),
    [(None, 0, 100, 0), (10, 1, 100, 10), (10, 0, 100, 71), (90, 0, 100, 51), (0, 0, 1, 0)],
)
def test_where_a_notice_begins(session: Session, reached, pending, last, start):
    person(session, last)
    put(session, 1, reached=reached, recipients=5 + pending, sent=5, addressed_at=NOW)
    assert addressing._start(session) == start


@pytest.mark.parametrize(("dialect", "kind"), [("postgresql", "postgresql"), ("sqlite", "sqlite")])
def test_deliveries_are_made_in_the_words_of_the_database(dialect: str, kind: str):
    said: list[Any] = []

    def execute(statement: Any, *_: Any, **__: Any) -> Any:
        said.append(statement)
        return SimpleNamespace(rowcount=1)

    database = SimpleNamespace(dialect=SimpleNamespace(name=dialect))
    session = SimpleNamespace(get_bind=lambda: database, execute=execute)
    notice = Notice(id=1, urgency=1, recipients=0)
    addressing._deliver(session, notice, [("chat c", "chat c")], NOW)  # type: ignore[arg-type]
    assert f".{kind}." in type(said[0]).__module__
    assert notice.recipients == 1


def test_a_recipient_is_a_subscriber_or_not():
    assert outbox.subscriber_of("subscriber 12") == 12
    assert outbox.subscriber_of("chat 12") is None


DUE = [
    (timedelta(0), True, "it is due now"),
    (-HOUR, True, "it was due"),
    (TICK, False, "it will be"),
    (LONGEST_WAIT, False, "as late as anything is put off"),
    (LONGEST_WAIT + TICK, True, "later than that: by a clock that was set back since"),
]


@pytest.mark.parametrize(("due", "is_due", "why"), DUE)
def test_what_is_due(session: Session, due, is_due, why):
    put(session)
    deliver(session, due_at=NOW + due)
    deliver(session, 2, queue="other", state="sent")
    assert outbox.queues(session, now=NOW) == (["chat c"] if is_due else []), why
    taken = outbox.claim(session, "chat c", by=US, most=9, now=NOW)
    assert bool(taken) is is_due, why


@pytest.mark.parametrize(("due", "is_due", "why"), DUE)
def test_whether_there_is_work(session: Session, due, is_due, why):
    put(session, addressed_at=NOW)
    deliver(session, due_at=NOW + due)
    assert session.scalar(select(outbox.has_work(NOW))) is is_due, why


def test_each_queue_is_found_once_and_has_its_own(session: Session):
    put(session)
    for number, queue in enumerate(("a", "a", "b", "c", "d"), start=1):
        deliver(session, number, queue=queue, due_at=NOW + (HOUR if queue == "b" else -HOUR))
    assert outbox.queues(session, now=NOW) == ["a", "c", "d"]
    taken = outbox.claim(session, "a", by=US, most=9, now=NOW)
    assert [one.delivery for one in taken] == [1, 2]


def is_held(session: Session, claim: outbox.Claim) -> bool:
    return claim.delivery in outbox.held(session, [claim])


def test_what_is_taken_is_marked(session: Session):
    notice = put(session)
    row = deliver(session)
    deliver(session, 2, queue="other")
    one, *rest = outbox.claim(session, "chat c", by=US, most=9, now=NOW)
    assert rest == []
    assert (one.delivery, one.by, one.recipient, one.queue) == (1, US, "chat c1", "chat c")
    assert is_held(session, one)
    assert not is_held(session, replace(one, by="other"))
    row.settle(State.SENT, "", NOW)
    assert not is_held(session, one)
    row.state, row.claimed_by, row.claimed_until = "sending", US, NOW + CLAIMED_FOR
    assert (one.notice, one.subscriber) == (notice, None)
    assert (row.state, row.claimed_by, row.claimed_until) == ("sending", US, NOW + CLAIMED_FOR)


def test_a_recipient_has_one_at_a_time_the_oldest_first(session: Session):
    put(session)
    put(session, 2)
    put(session, 3)
    deliver(session, 1, notice_id=1, recipient="chat a", due_at=NOW)
    deliver(session, 2, notice_id=2, recipient="chat a", due_at=NOW - HOUR)
    deliver(session, 3, notice_id=1, recipient="chat b", state="sending")
    deliver(session, 4, notice_id=2, recipient="chat b")
    assert [one.delivery for one in outbox.claim(session, "chat c", by=US, most=9, now=NOW)] == [1]
    deliver(session, 5, notice_id=1, recipient="chat d", due_at=NOW - TICK)
    deliver(session, 6, notice_id=1, recipient="chat e", due_at=NOW)
    taken = outbox.claim(session, "chat c", by=US, most=1, now=NOW)
    assert [one.delivery for one in taken] == [5]


def test_as_many_are_taken_as_were_asked_for_the_urgent_first(session: Session):
    put(session)
    for number in range(1, 5):
        deliver(session, number, urgency=URGENT if number == 4 else NORMAL)
    taken = outbox.claim(session, "chat c", by=US, most=2, now=NOW)
    assert [one.delivery for one in taken] == [4, 1]


def test_a_notice_counts_what_became_of_its_own(session: Session):
    for number in (1, 2):
        put(session, number)
        deliver(session, number, notice_id=number, state="sending", claimed_by=US)
    settle(session, Result.SENT, number=1)
    session.flush()
    session.expire_all()
    found = [session.get_one(Notice, number).sent for number in (1, 2)]
    assert found == [1, 0]


def test_mail_is_taken_with_its_subscriber(session: Session):
    put(session)
    who = person(session, 7)
    deliver(session, recipient="subscriber 7", queue="mail")
    gone = deliver(session, 2, recipient="subscriber 8", queue="mail")
    (one,) = outbox.claim(session, "mail", by=US, most=9, now=NOW)
    assert one.subscriber is who
    assert (gone.state, gone.error) == ("dropped", "unsubscribed meanwhile")
    assert gone.settled_at == NOW


@pytest.mark.parametrize(
    ("age", "error", "state", "said"),
    [
        (NEWS, "", "sending", ""),
        (NEWS + TICK, "", "dead", "could not be sent within a day"),
        (NEWS + TICK, "the last word", "dead", "the last word"),
    ],
)
def test_what_is_a_day_old_is_given_up(session: Session, age, error, state, said):
    put(session, created_at=NOW - age)
    row = deliver(session, error=error)
    outbox.claim(session, "chat c", by=US, most=9, now=NOW)
    assert (row.state, row.error) == (state, said)


@pytest.mark.parametrize(
    ("attempts", "age", "other", "is_dropped", "why"),
    [
        (0, STUCK_AFTER + TICK, "pending", True, "it waited long, and later news is on its way"),
        (0, STUCK_AFTER + TICK, "sending", True, "or under way"),
        (0, STUCK_AFTER + TICK, "sent", True, "or there"),
        (0, STUCK_AFTER + TICK, "dead", False, "later news that never came is none"),
        (0, STUCK_AFTER + TICK, None, False, "this one has no later news"),
        (0, STUCK_AFTER, "sent", False, "it did not wait long, and was never tried"),
        (1, STUCK_AFTER, "sent", True, "it was tried before, and later news is there"),
        (1, STUCK_AFTER, "pending", False, "later news is only on its way"),
        (1, timedelta(0), "sent", True, "tried a moment ago"),
    ],
)
def test_what_is_overtaken_is_not_sent(session, attempts, age, other, is_dropped, why):
    put(session, 1, ref="m-1", created_at=NOW - age)
    put(session, 2, ref="m-1", created_at=NOW)
    row = deliver(session, 1, recipient="chat a", attempts=attempts)
    if other is not None:
        deliver(session, 2, notice_id=2, recipient="chat a", queue="elsewhere", state=other)
    deliver(session, 3, notice_id=2, recipient="chat z", queue="elsewhere", state="sent")
    outbox.claim(session, "chat c", by=US, most=9, now=NOW)
    assert (row.state == "dropped") is is_dropped, why


@pytest.mark.parametrize(
    ("values", "is_pair"),
    [
        ({"recipients": 1}, True),
        ({"recipients": 3, "sent": 1, "dead": 1, "dropped": 1}, False),
        ({"recipients": 4, "sent": 1, "dead": 1, "dropped": 1}, True),
        ({"recipients": 1, "addressed_at": None}, False),
        ({"recipients": 1, "created_at": NOW - NEWS}, False),
    ],
)
def test_which_notices_may_be_superseded(session: Session, values, is_pair):
    long_ago = NOW - STUCK_AFTER - TICK
    put(session, 1, **{"ref": "m-1", "created_at": long_ago, "addressed_at": NOW, **values})
    put(session, 2, ref="m-1", addressed_at=NOW)
    assert outbox.pairs(session, now=NOW) == ({outbox.Pair(1, 2)} if is_pair else set())


def test_what_was_looked_at_is_not_looked_at_again(session: Session):
    put(session, 1, ref="m-1", created_at=NOW - HOUR, addressed_at=NOW)
    put(session, 2, ref="m-1", addressed_at=NOW)
    deliver(session, 1)
    pair = outbox.Pair(1, 2)
    assert outbox.drop_superseded(session, pair, now=NOW) == (0, 1)
    assert outbox.drop_superseded(session, pair, behind=1, now=NOW) == (0, None)


def test_later_news_of_another_thing_overtakes_nothing_of_a_recipients(session: Session):
    for number, ref in ((1, "m-1"), (2, "m-2"), (3, "m-1")):
        put(session, number, ref=ref)
    first = deliver(session, 1, notice_id=1, recipient="chat a", attempts=1)
    other = deliver(session, 2, notice_id=2, recipient="chat b", attempts=1)
    for number, name in ((3, "a"), (4, "b")):
        deliver(session, number, notice_id=3, recipient=f"chat {name}", queue="x", state="sent")
    outbox.claim(session, "chat c", by=US, most=9, now=NOW)
    assert (first.state, other.state) == ("dropped", "sending")


def test_news_of_something_else_overtakes_nothing(session: Session):
    put(session, 1, ref="m-1", created_at=NOW - HOUR)
    put(session, 2, ref="m-2")
    put(session, 3, ref="m-1", kind="series")
    row = deliver(session, 1, recipient="chat a", attempts=1)
    for number in (2, 3):
        deliver(session, number, notice_id=number, recipient="chat a", state="sent")
    outbox.claim(session, "chat c", by=US, most=9, now=NOW)
    assert row.state == "sending"


def settle(session: Session, result: Result, reason: str = "", number: int = 1) -> None:
    claim = Claim(number, US, "", "", None, None)  # type: ignore[arg-type]
    outbox.settle(session, [(claim, Outcome(number, result, reason))], now=NOW)


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
    person(session, 5)
    person(session, 6)
    row = deliver(
        session,
        recipient="subscriber 5",
        state="sending",
        claimed_by=US,
        attempts=2,
        claimed_until=NOW + MINUTE,
    )
    settle(session, result, "why" * 100)
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
    person(session, 5, **channel)
    deliver(session, 1, recipient="subscriber 5", state="sending", claimed_by=US)
    later = deliver(session, 2, notice_id=2, recipient="subscriber 5", due_at=NOW + HOUR)
    settle(session, Result.GONE, "gone")
    session.expire_all()
    person(session, 5, **channel, confirmed_at=None)
    assert later.state == "dropped"
    assert not outbox.claim(session, "chat c", by=US, most=9, now=NOW + 2 * HOUR)


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


@pytest.mark.parametrize(
    ("state", "age", "created", "why"),
    [
        ("pending", HOUR, None, "it is no dead letter"),
        ("dead", HOUR, -HOUR, "it is news still"),
        ("dead", 20 * HOUR, -NEWS / 2, "an operator's word makes it news again"),
    ],
)
def test_a_dead_letter_has_another_life(session: Session, state, age, created, why):
    notice = put(session, created_at=NOW - age)
    row = deliver(session, state=state, attempts=6, settled_at=NOW - MINUTE)
    assert outbox.retry(session, 99, now=NOW) is None
    assert (outbox.retry(session, 1, now=NOW) is row) is (created is not None), why
    if created is not None:
        assert (row.state, row.attempts, row.settled_at) == ("pending", 0, None)
        assert (row.due_at, notice.created_at) == (NOW, NOW + created)


def test_figures_of_the_queue(session: Session):
    empty = outbox.figures(session, now=NOW)
    assert (empty.pending, empty.stuck, empty.failed) == (0, 0, 0)
    put(session, 1, created_at=NOW - STUCK_AFTER, addressed_at=NOW)
    put(session, 2, created_at=NOW - STUCK_AFTER - TICK, addressed_at=NOW)
    put(session, 3)
    deliver(session, 1, notice_id=1)
    deliver(session, 2, notice_id=2)
    deliver(session, 3, notice_id=2, state="sending")
    deliver(session, 4, notice_id=2, state="sent")
    deliver(session, 5, notice_id=2, state="dead", settled_at=NOW - FAILED_SHOWN)
    deliver(session, 6, notice_id=2, state="dead", settled_at=NOW - FAILED_SHOWN + TICK)
    deliver(session, 7, notice_id=2, state="dropped", settled_at=NOW)
    deliver(session, 8, notice_id=1)
    found = outbox.figures(session, now=NOW)
    assert (found.pending, found.stuck, found.failed) == (5, 2, 1)


def test_notices_are_listed_with_how_far_they_are(session: Session):
    assert outbox.page(session, limit=9, offset=0, rate=50.0, now=NOW) == ([], 0)
    for number in (1, 2, 3):
        put(session, number, addressed_at=NOW if number == 1 else None)
    put(session, 4, kind="subscription")
    states = ["sent", "sent", "pending", "sending", "sending", "dead", "dropped", "dropped"]
    for number, state in enumerate(states, start=1):
        deliver(session, number, state=state)
    deliver(session, 20, notice_id=2, state="sent")
    shown, total = outbox.page(session, limit=9, offset=0, rate=50.0, now=NOW)
    assert total == 3
    assert [one.id for one in shown] == [3, 2, 1]
    assert [one.is_addressed for one in shown] == [False, False, True]
    last = shown[-1]
    assert (last.sent, last.pending, last.dead, last.dropped) == (2, 3, 1, 2)
    assert (shown[1].sent, shown[1].pending) == (1, 0)
    some, total = outbox.page(session, limit=1, offset=1, rate=50.0, now=NOW)
    assert ([one.id for one in some], total) == ([2], 3)


def test_dead_letters_are_listed_the_latest_first(session: Session):
    put(session)
    deliver(session, 1, state="dead", settled_at=NOW - HOUR, error="no")
    deliver(session, 2, state="dead", settled_at=NOW)
    deliver(session, 3, state="sent", settled_at=NOW)
    found = outbox.dead_letters(session, limit=9)
    assert [(one.id, one.title) for one in found] == [(2, "T1"), (1, "T1")]
    assert [one.id for one in outbox.dead_letters(session, limit=1)] == [2]


def test_what_was_told_long_ago_is_forgotten(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "SWEPT_AT_ONCE", 2)
    put(session, 1, created_at=NOW - KEPT)
    put(session, 2, created_at=NOW - KEPT + TICK)
    for number in (1, 2):
        deliver(session, number, notice_id=1)
    deliver(session, 4, notice_id=2)
    left = []
    while outbox.sweep(session, now=NOW):
        left.append(
            (
                len(session.scalars(select(Delivery.id)).all()),
                len(session.scalars(select(Notice.id)).all()),
            )
        )
    assert left == [(1, 2), (1, 1)]
    assert session.scalars(select(Notice.id)).all() == [2]


def test_who_unsubscribes_gets_nothing_that_was_on_its_way(session: Session):
    put(session)
    rows = [
        deliver(session, 1, recipient="subscriber 1"),
        deliver(session, 2, recipient="subscriber 2"),
    ]
    put(session, 2)
    rows.append(deliver(session, 3, notice_id=2, recipient="subscriber 1", state="sent"))
    outbox.drop_of(session, 1, now=NOW)
    session.expire_all()
    assert [row.state for row in rows] == ["dropped", "pending", "sent"]
    assert rows[0].settled_at == NOW


def test_all_that_waits_is_dropped(session: Session):
    notice, other = put(session), put(session, 2, addressed_at=NOW - HOUR)
    rows = [
        deliver(session, number, state=state)
        for number, state in enumerate(("pending", "sending", "sent", "dead"), start=1)
    ]
    assert outbox.drop_all(session, "put back", now=NOW) == 2
    session.expire_all()
    assert [row.state for row in rows] == ["dropped", "dropped", "sent", "dead"]
    assert rows[0].error == "put back"
    assert (notice.addressed_at, other.addressed_at) == (NOW, NOW - HOUR)
    assert outbox.drop_all(session, "again", now=NOW) == 0


def test_single_deliveries_are_kept_for_some_days_and_their_numbers_for_longer(session: Session):
    notice = put(session, created_at=NOW - 9 * 24 * HOUR)
    for number, (state, age) in enumerate(
        [
            ("sent", 3 * 24 * HOUR),
            ("dropped", 3 * 24 * HOUR),
            ("sent", 3 * 24 * HOUR - TICK),
            ("dead", 3 * 24 * HOUR),
            ("dead", FAILED_SHOWN),
        ],
        start=1,
    ):
        deliver(session, number, state=state, settled_at=NOW - age)
    deliver(session, 9)
    while outbox.sweep(session, now=NOW):
        pass
    left = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
    assert left == [3, 4, 9]
    session.refresh(notice)
    assert (notice.sent, notice.dead, notice.dropped, notice.pending) == (2, 2, 1, 1)
    assert not outbox.sweep(session, now=NOW, keep=30 * 24 * HOUR)


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


def test_a_list_says_when_the_last_will_be_told(session: Session):
    """The urgent first, at ten a second; what is not addressed yet cannot be said."""
    put(session, 1, addressed_at=NOW, recipients=1000, sent=400)
    put(session, 2, addressed_at=NOW, recipients=300, urgency=0)
    put(session, 3, addressed_at=NOW, recipients=70, sent=70)
    put(session, 4, addressed_at=None, recipients=500)
    shown, _ = outbox.page(session, limit=9, offset=0, rate=10.0, now=NOW)
    ends = {one.id: one.last_at and (one.last_at - NOW).total_seconds() for one in shown}
    assert ends == {1: 90.0, 2: 30.0, 3: None, 4: None}
