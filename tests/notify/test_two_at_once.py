"""What two do at once to the outbox is as if one had done it after the other, on PostgreSQL.

SQLite has one writer at a time.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import Engine, create_engine, delete, insert, select
from sqlalchemy.orm import Session

from portal import clock
from portal.notify import outbox
from portal.notify.outbox import Claim, Delivery, Outcome, Result, due
from portal.notify.outbox.claims import PAUSES
from portal.notify.subscribers import MAIL
from portal.status.notices import Notice
from portal.status.windows import WindowAct
from portal.store.lease import Fence
from portal.unit_of_work import By
from portal.worker.delivery import put_due
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify.clockwork import events, plan
from tests.two_at_once import at_once

pytestmark = pytest.mark.database

Act = Callable[[Session, Notice], object]
NOW = clock.now().replace(microsecond=0)
US, THEM = "node me", "node them"
# What is held by us, by them, waits, waits for its last try, and is a dead letter.
STATES = (
    ("sending", US, 0),
    ("sending", THEM, 1),
    ("pending", "", 0),
    ("sending", US, len(PAUSES)),
    ("dead", "", 0),
)


def settled(result: Result, by: str = US) -> Act:
    def act(session: Session, notice: Notice) -> object:
        tries = [
            (Claim(number, by, f"subscriber {number}", MAIL, notice, None), Outcome(number, result))
            for number in range(1, len(STATES) + 1)
        ]
        return outbox.settle(session, tries, now=NOW)

    return act


ACTS: dict[str, Act] = {
    "sent": settled(Result.SENT),
    "later": settled(Result.LATER),
    "later for others": settled(Result.LATER, THEM),
    "refused": settled(Result.REFUSED),
    "closed": settled(Result.CLOSED),
    "release": lambda session, _: outbox.release(session, by=US, under_way={1}, now=NOW),
    "take over": lambda session, _: outbox.release(session, by="new", under_way=set(), now=NOW),
    "retry": lambda session, _: outbox.retry(session, 5, now=NOW),
    "drop all": lambda session, _: outbox.drop_all(session, "put back", now=NOW),
}


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database with a notice and some subscribers, without the portal's limits on waiting."""
    url = fresh_database(request.getfixturevalue("postgres"))
    made = create_engine(url)
    yield made
    made.dispose()


def prepare(engine: Engine) -> Notice:
    with Session(engine) as session:
        session.execute(delete(Delivery))
        session.execute(delete(Notice))
        session.add(
            Notice(
                id=1, key="k1", kind="window", event="started", ref="m-1", title="T", message="",
                facts={}, audiences=["public"], channels=["email"], components=[], occurred_at=NOW,
                created_at=NOW, addressed_at=NOW, position=0, recipients=len(STATES), dead=1,
            )
        )  # fmt: skip
        session.flush()
        session.execute(
            insert(Delivery),
            [
                {
                    "id": number, "notice_id": 1, "recipient": f"subscriber {number}",
                    "queue": MAIL, "state": state, "attempts": attempts, "due_at": NOW,
                    "claimed_by": by, "claimed_until": NOW if by else None,
                    "settled_at": NOW if state == "dead" else None, "error": "",
                }
                for number, (state, by, attempts) in enumerate(STATES, 1)
            ],
        )  # fmt: skip
        session.commit()
        return session.get_one(Notice, 1)


def told(engine: Engine) -> list[object]:
    """All deliveries, and what the notice has counted."""
    with Session(engine) as session:
        columns = [one for one in Delivery.__table__.columns if one.name != "id"]
        rows = session.execute(select(*columns).order_by(Delivery.id)).all()
        one = session.get_one(Notice, 1)
        return [*map(tuple, rows), (one.sent, one.dead, one.dropped, one.pending)]


@pytest.fixture(autouse=True)
def even_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)


def done(engine: Engine, act: Act, notice: Notice) -> None:
    with Session(engine) as session:
        act(session, notice)
        session.commit()


def one_by_one(engine: Engine, *acts: Act) -> list[object]:
    notice = prepare(engine)
    for act in acts:
        done(engine, act, notice)
    return told(engine)


def together(engine: Engine, first: Act, second: Act) -> list[object]:
    notice = prepare(engine)
    at_once(engine, lambda: done(engine, first, notice), lambda: done(engine, second, notice))
    return told(engine)


@pytest.mark.parametrize(("first", "second"), list(product(ACTS, repeat=2)))
def test_one_comes_after_the_other(engine: Engine, first: str, second: str):
    one, other = ACTS[first], ACTS[second]
    found = together(engine, one, other)
    assert found in (one_by_one(engine, one, other), one_by_one(engine, other, one))


def test_what_one_claims_the_other_does_not_wait_for(engine: Engine):
    prepare(engine)
    with Session(engine) as session, Session(engine) as other:
        outbox.release(session, by="nobody", under_way=set(), now=NOW)
        session.commit()
        one = due.following(session, MAIL, 2, NOW)
        rest = due.following(other, MAIL, 10, NOW)
        assert [row.id for row in one] == [1, 2]
        assert [row.id for row in rest] == [3, 4]


def test_what_is_called_off_as_it_begins_is_not_told_to_begin(
    build: Build, postgres: str, still: StandingClock
):
    site = build(database_url=fresh_database(postgres))
    reference = plan(site, in_=timedelta(hours=30))
    still.advance(hours=30, seconds=-1)

    def cancel() -> object:
        asked = WindowAct(action="cancel")
        return site.portal.status.windows.act(By("ada"), reference, asked)

    def begin() -> None:
        still.advance(seconds=1)
        put_due(site.portal, Fence())

    at_once(site.portal.core.engine, cancel, begin)
    assert "cancelled" in events(site)
    assert "started" not in events(site)
