"""One turn of delivering after another: what is taken, given back, held off and written down."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify import concurrency, outbox
from portal.notify.circuit_breaker import FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker
from portal.notify.dispatcher import PAIRS_EVERY, RELEASE_EVERY, Dispatcher
from portal.notify.outbox import Delivery, Outcome, Result
from portal.notify.subscribers import Addresses
from portal.store.lease import Fence
from tests import rows
from tests.clocks import StandingClock
from tests.instants import HOUR, MINUTE, NOW, TICK


class Mail:
    """A channel that takes what it is given and tells what a test says."""

    def __init__(self) -> None:
        self.room = 9
        self.under_way: set[int] = set()
        self.sent: list[int] = []
        self.told: list[Outcome] = []
        self.is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True

    def finished(self) -> list[Outcome]:
        told, self.told = self.told, []
        self.under_way -= {one.delivery for one in told}
        return told

    def send(self, claim: Any, message: Any) -> None:
        self.sent.append(claim.delivery)
        self.under_way.add(claim.delivery)


class Pool:
    """Calls that end when told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Future[Outcome], Any]] = []

    def submit(self, call: Any, claim: Any, *rest: Any, **more: Any) -> Future[Outcome]:
        made: Future[Outcome] = Future()
        self.calls.append((made, claim))
        return made

    def shutdown(self, **how: Any) -> None:
        self.how = how
        for call, _parcel in self.calls:
            call.cancel()

    def end(self, result: Result, reason: str = "why") -> None:
        for call, claim in self.calls:
            if not call.done():
                call.set_result(Outcome(claim.delivery, result, reason))


class World:
    """A dispatcher on one database."""

    def __init__(
        self, open_session: Callable[[], Session], still: StandingClock, *, mail: Mail | None = None
    ) -> None:
        self.open_session, self.still, self.mail = open_session, still, mail
        settings = SimpleNamespace(
            operator_channels=("json://127.0.0.1:9",),
            site_name="Site",
            url="https://s.example",
            allowed_targets=(),
        )
        with open_session() as session:
            core = SimpleNamespace(settings=settings, engine=session.get_bind(), secret_key="k")
        self.one = Dispatcher(
            core,  # type: ignore[arg-type]
            Fence(),
            mail=mail,  # type: ignore[arg-type]
            render=lambda *_, **__: ("", ""),
            cards=SimpleNamespace(payload=lambda *_: {}),  # type: ignore[arg-type]
            addresses=Addresses("k"),
        )
        self.one._pool.shutdown()
        self.pool = Pool()
        self.one._pool = self.pool  # type: ignore[assignment]
        (self.chat,) = self.one._chats

    def put(self, *deliveries: dict[str, Any], **notice: Any) -> None:
        """A notice with its deliveries."""
        with self.open_session() as session:
            at = {"created_at": self.still.now(), "addressed_at": NOW}
            made = rows.notice(**{"key": str(id(deliveries)), **at, **notice})
            session.add(made)
            session.flush()
            for row in deliveries:
                session.add(rows.delivery(**{"notice_id": made.id, **row}))
            session.commit()

    def people(self, count: int = 1) -> None:
        with self.open_session() as session:
            for number in range(1, count + 1):
                session.add(rows.subscriber(number, topics=["maintenance"]))
            session.commit()

    def hooks(self, count: int, host: str = "a") -> list[dict[str, Any]]:
        """Deliveries to webhooks of a host, whose subscribers are there."""
        self.people(count)
        return [
            {"recipient": f"subscriber {n}", "queue": f"webhook {host}"}
            for n in range(1, count + 1)
        ]

    def states(self) -> list[tuple[str, str]]:
        with self.open_session() as session:
            rows = session.scalars(select(Delivery).order_by(Delivery.id))
            return [(row.state, row.error) for row in rows]


@pytest.fixture
def world(open_session: Callable[[], Session], still: StandingClock) -> Callable[..., World]:
    return lambda **values: World(open_session, still, **values)


def test_a_notice_is_addressed_and_handed_over_in_one_turn(world: Any):
    one = world(mail=Mail())
    one.people()
    assert not one.one.run_once()
    one.put(addressed_at=None)
    assert one.one.run_once()
    assert one.mail.sent == [1]
    assert [claim.queue for _, claim in one.pool.calls] == [f"chat {one.chat}"]
    assert one.one.is_waiting
    assert one.states() == [("sending", ""), ("sending", "")]
    assert not one.one.run_once()
    # The channel has written down what became of the mail when it tells it.
    one.mail.told = [Outcome(1, Result.SENT)]
    one.pool.end(Result.SENT)
    assert one.one.run_once()
    assert one.states() == [("sending", ""), ("sent", "")]
    assert not one.one.is_waiting
    assert not one.one.run_once()
    figures = one.one.figures()
    assert (figures.pending, figures.failed) == (1, 0)


def test_without_a_mail_server_mail_is_given_up(world: Any):
    one = world()
    one.people()
    one.put({})
    assert one.one.run_once()
    assert one.one.run_once()
    assert one.states() == [("dead", "No mail server is set")]
    assert not one.one.is_waiting


def test_a_chat_that_is_not_set_any_more_is_given_up(world: Any):
    one = world()
    one.put({"recipient": "chat gone", "queue": "chat gone"})
    one.one.run_once()
    one.one.run_once()
    assert one.states() == [("dead", "This chat is not set any more")]


def test_a_host_has_two_tries_under_way_and_a_chat_one(world: Any):
    one = world()
    one.put(*one.hooks(4))
    one.one.run_once()
    assert len(one.pool.calls) == 2
    assert not one.one.run_once()
    one.pool.end(Result.SENT)
    assert one.one.run_once()
    assert len(one.pool.calls) == 4
    assert one.one._room("webhook a") == 0
    assert one.one._room("webhook b") == 2
    assert one.one._room("chat c") == 1
    for number in range(concurrency.THREADS - 3):
        one.one._calls[Future()] = SimpleNamespace(queue=f"webhook x{number}", delivery=90 + number)
    assert one.one._room("webhook b") == 1
    one.one._calls[Future()] = SimpleNamespace(queue="webhook y", delivery=89)
    assert one.one._room("webhook b") == 0


def test_mail_has_the_room_that_its_channel_says(world: Any):
    one = world(mail=Mail())
    assert one.one._room("mail") == 9
    assert world().one._room("mail") == outbox.AT_ONCE
    one.people(3)
    one.put(*({"recipient": f"subscriber {n}"} for n in (1, 2, 3)))
    one.mail.room = 0
    assert not one.one.run_once()
    one.mail.room = 2
    assert one.one.run_once()
    assert one.mail.sent == [1, 2]


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [(RuntimeError("secret"), "pending", "RuntimeError"), (None, "sent", "")],
)
def test_a_call_that_fails_is_tried_later(world: Any, error, state, said):
    one = world()
    one.put(*one.hooks(1))
    one.one.run_once()
    ((call, claim),) = one.pool.calls
    if error is not None:
        call.set_exception(error)
    else:
        call.set_result(Outcome(claim.delivery, Result.SENT))
    one.one.run_once()
    assert one.states() == [(state, said)]


def test_one_that_cannot_be_written_holds_up_nobody(world: Any):
    one = world()
    queue = f"chat {one.chat}"
    one.put({"recipient": queue, "queue": queue}, kind="incident", event="opened")
    assert one.one.run_once()
    assert one.one.run_once()
    assert one.states() == [("pending", "It cannot be written: KeyError")]


def test_what_did_not_begin_is_given_back_at_the_end(world: Any):
    one = world(mail=Mail())
    one.put(*one.hooks(1))
    one.one.run_once()
    one.one.stop()
    assert one.states() == [("pending", "Stopped before it was sent")]
    assert one.mail.is_stopped
    assert one.pool.how == {"wait": True, "cancel_futures": True}
    world().one.stop()


def close(one: Any, now: Any) -> None:
    one.one._learn("queue", Outcome(1, Result.CLOSED, "away"), now)


def test_a_way_out_that_is_closed_is_tried_less_and_less(world: Any):
    one = world()
    close(one, NOW)
    breaker = one.one._breakers["queue"]
    assert (breaker.since, breaker.pause, breaker.until) == (NOW, FIRST_PAUSE, NOW + FIRST_PAUSE)
    close(one, breaker.until - TICK)
    assert breaker.pause == FIRST_PAUSE
    at = breaker.until
    for _ in range(8):
        close(one, at)
        at = breaker.until
    assert (breaker.pause, breaker.since) == (LONGEST_PAUSE, NOW)
    assert breaker.until == at
    one.one._learn("queue", Outcome(1, Result.LATER), NOW)
    assert one.one._breakers == {}
    close(one, NOW)
    close(one, NOW + FIRST_PAUSE)
    assert one.one._breakers["queue"].pause == 2 * FIRST_PAUSE


@pytest.mark.parametrize(
    ("until", "is_sent", "why"),
    [
        (timedelta(0), True, "its pause is over"),
        (TICK, False, "not yet"),
        (LONGEST_PAUSE, False, "the longest pause"),
        (LONGEST_PAUSE + TICK, True, "a clock was set back since"),
    ],
)
def test_nothing_is_sent_on_a_way_that_is_closed(world: Any, until, is_sent, why):
    one = world()
    one.put(*one.hooks(1))
    one.one._breakers["webhook a"] = CircuitBreaker(NOW, "away", FIRST_PAUSE, NOW + until)
    assert one.one.run_once() is is_sent, why
    assert bool(one.pool.calls) is is_sent


def test_what_is_closed_on_one_way_holds_up_no_other(world: Any):
    one = world()
    rows = one.hooks(2)
    rows[1]["queue"] = "webhook b"
    one.put(*rows)
    one.one._breakers["webhook a"] = CircuitBreaker(NOW, "away", FIRST_PAUSE, NOW + FIRST_PAUSE)
    assert one.one.run_once()
    assert [claim.queue for _, claim in one.pool.calls] == ["webhook b"]


@pytest.mark.parametrize(
    ("closed", "said"), [(None, ""), (MINUTE - TICK, ""), (MINUTE, "away; for 1 min")]
)
def test_a_problem_is_what_lasts_for_a_minute(world: Any, closed, said):
    one = world()
    if closed is not None:
        one.one._breakers["short"] = CircuitBreaker(NOW, "short", FIRST_PAUSE, NOW)
        one.one._breakers["queue"] = CircuitBreaker(NOW - closed, "away", FIRST_PAUSE, NOW)
    assert one.one.problem == said


def test_a_mail_that_met_a_closed_server_opens_the_breaker(world: Any):
    one = world(mail=Mail())
    one.people()
    one.put({})
    one.one.run_once()
    one.mail.told = [Outcome(1, Result.CLOSED, "away")]
    one.one.run_once()
    assert one.one._breakers["mail"].reason == "away"


CLAIMED = {"state": "sending", "claimed_by": "dead", "queue": "webhook a"}


def test_what_the_dead_had_taken_is_given_back_now_and_then(world: Any, still: StandingClock):
    one = world()
    one.people(2)
    one.one.run_once()
    one.put({**CLAIMED, "claimed_until": NOW + HOUR})
    still.advance(seconds=RELEASE_EVERY.total_seconds() - 0.1)
    one.one.run_once()
    assert one.states() == [("sending", "")]
    still.advance(seconds=0.1)
    one.one.run_once()
    assert len(one.pool.calls) == 1
    one.pool.end(Result.SENT)
    one.one.run_once()
    one.put({**CLAIMED, "claimed_until": NOW + HOUR, "recipient": "subscriber 2"})
    still.advance(seconds=-60)
    one.one.run_once()
    assert len(one.pool.calls) == 2


def test_who_takes_over_gives_back_at_once_what_others_and_it_had_taken(world: Any):
    one = world(mail=Mail())
    one.people(2)
    one.put({"recipient": "subscriber 1"})
    one.one.run_once()
    one.put({**CLAIMED, "queue": "mail", "claimed_until": NOW + HOUR, "recipient": "subscriber 2"})
    one.one.run_once()
    assert one.mail.sent == [1]
    # Another led in between, and may have sent the first.
    one.one.take_over()
    one.one.run_once()
    assert one.mail.sent == [1, 1, 2]


def test_what_is_under_way_here_is_not_given_back(world: Any):
    mail = Mail()
    one = world(mail=mail)
    one.people(3)
    ours = {"state": "sending", "claimed_by": one.one._name, "claimed_until": NOW - HOUR}
    one.put({**ours}, {**ours, "recipient": "subscriber 2"}, {**ours, "recipient": "subscriber 3"})
    mail.under_way, mail.room = {1}, 0
    one.one._unsettled = [(None, Outcome(2, Result.CLOSED))]
    one.one._release(NOW)
    assert [state for state, _ in one.states()] == ["sending", "sending", "pending"]


def test_who_stands_by_writes_down_what_comes_back(world: Any):
    one = world()
    one.put(*one.hooks(1))
    one.one.run_once()
    one.one.stand_by()
    assert one.states() == [("sending", "")]
    one.pool.end(Result.SENT)
    one.one.stand_by()
    assert one.states() == [("sent", "")]


def test_a_step_that_only_drops_is_no_idle_one(world: Any, still: StandingClock):
    """Thousands that are overtaken: dropped within few steps, and the newer goes out meanwhile."""
    mail = Mail()
    one = world(mail=mail)
    one.people(60)
    rows = [{"recipient": f"subscriber {number}"} for number in range(1, 61)]
    one.put(*rows, key="started", created_at=NOW - HOUR, recipients=60)
    one.put(*rows, key="ended", event="ended", recipients=60)
    mail.room = 2
    assert one.one.run_once()
    assert [state for state, _ in one.states()].count("dropped") == 60
    assert mail.sent == [61, 62]
    mail.room = 0
    assert not one.one.run_once()


def test_pairs_are_looked_for_now_and_then(
    world: Any, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    looks: list[Any] = []
    monkeypatch.setattr(outbox, "pairs", lambda session, *, now: looks.append(now) or set())
    one = world().one
    seconds = PAIRS_EVERY.total_seconds()
    for step, count in ((0, 1), (seconds - 1, 1), (1, 2), (-seconds + 1, 2), (-seconds, 3)):
        still.advance(seconds=step)
        assert not one._drop_superseded(still.now())
        assert len(looks) == count, step


def test_a_claim_that_only_drops_is_no_idle_one(world: Any):
    mail = Mail()
    one = world(mail=mail)
    one.put({"recipient": "subscriber 77"})
    assert one.one.run_once()
    assert one.states() == [("dropped", "unsubscribed meanwhile")]
    assert mail.sent == []
    assert not one.one.run_once()


def test_mail_is_claimed_in_handfuls(world: Any):
    mail = Mail()
    one = world(mail=mail)
    mail.under_way, mail.room = set(range(90, 101)), 9
    assert one.one._room("mail") == 0
    mail.under_way = set(range(90, 99))
    assert one.one._room("mail") == 9


def test_hosts_of_readers_come_last_and_in_no_order():
    queues = ["chat ops", "mail", *(f"reader {sign}.example" for sign in "abcdefgh"), "webhook a"]
    orders = {tuple(concurrency.in_turn(queues)) for _ in range(50)}
    assert len(orders) > 10
    assert {order[:3] for order in orders} == {("chat ops", "mail", "webhook a")}
    assert len({order[3] for order in orders}) > 3
