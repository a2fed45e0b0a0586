"""What is taken: what is due, of a recipient one at a time, the urgent first."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.outbox import CLAIMED_FOR, LONGEST_WAIT, State, addressing
from portal.status.notices import Urgency
from tests.instants import HOUR, NOW, TICK
from tests.notify.outbox_rows import US, deliver, is_held, person, put

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


def test_what_is_taken_is_marked(session: Session):
    notice = put(session)
    row = deliver(session)
    deliver(session, 2, queue="other")
    one, *rest = outbox.claim(session, "chat c", by=US, most=9, now=NOW)
    assert rest == []
    assert (one.delivery, one.by, one.recipient, one.queue) == (1, US, "chat c1", "chat c")
    session.refresh(row)
    assert (row.state, row.claimed_by, row.claimed_until) == ("sending", US, NOW + CLAIMED_FOR)
    assert is_held(session, one)
    assert not is_held(session, replace(one, by="other"))
    row.settle(State.SENT, "", NOW)
    assert not is_held(session, one)
    assert (one.notice, one.subscriber) == (notice, None)


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


def test_mail_is_taken_with_its_subscriber(session: Session):
    put(session)
    who = person(session, 7)
    deliver(session, recipient="subscriber 7", queue="mail")
    gone = deliver(session, 2, recipient="subscriber 8", queue="mail")
    (one,) = outbox.claim(session, "mail", by=US, most=9, now=NOW)
    assert one.subscriber is who
    assert (gone.state, gone.error) == ("dropped", "unsubscribed meanwhile")
    assert gone.settled_at == NOW
