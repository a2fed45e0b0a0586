"""What lists and figures say of notices and deliveries, and the second life of a dead letter."""

import pytest
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.outbox import FAILED_SHOWN, STUCK_AFTER
from portal.status.notices import NEWS
from tests.instants import HOUR, MINUTE, NOW, TICK
from tests.notify.outbox_rows import deliver, put


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


def test_a_list_says_when_the_last_will_be_told(session: Session):
    """The urgent first, at ten a second; what is not addressed yet cannot be said."""
    put(session, 1, addressed_at=NOW, recipients=1000, sent=400)
    put(session, 2, addressed_at=NOW, recipients=300, urgency=0)
    put(session, 3, addressed_at=NOW, recipients=70, sent=70)
    put(session, 4, addressed_at=None, recipients=500)
    shown, _ = outbox.page(session, limit=9, offset=0, rate=10.0, now=NOW)
    ends = {one.id: one.last_at and (one.last_at - NOW).total_seconds() for one in shown}
    assert ends == {1: 90.0, 2: 30.0, 3: None, 4: None}
