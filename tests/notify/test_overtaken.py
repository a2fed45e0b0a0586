"""What is overtaken or a day old is not sent."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.outbox import STUCK_AFTER
from portal.status.notices import NEWS
from tests.instants import HOUR, NOW, TICK
from tests.notify.outbox_rows import US, deliver, put


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
