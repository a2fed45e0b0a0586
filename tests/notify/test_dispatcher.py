"""One turn of delivering after another: what is taken, handed over and given back."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from portal.notify import concurrency, outbox
from portal.notify.outbox import Outcome, Result
from tests.notify.dispatching import Mail


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


def test_who_stands_by_writes_down_what_comes_back(world: Any):
    one = world()
    one.put(*one.hooks(1))
    one.one.run_once()
    one.one.stand_by()
    assert one.states() == [("sending", "")]
    one.pool.end(Result.SENT)
    one.one.stand_by()
    assert one.states() == [("sent", "")]


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
