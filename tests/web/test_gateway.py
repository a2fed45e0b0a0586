"""The bounds of the door: who waits for a thread, and whose body is given up."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from portal.guard.chain import Passed
from portal.guard.refusal import Ready
from portal.web.gateway import Gateway, Queue

pytestmark = pytest.mark.unit


def test_a_queue_is_full_for_one_client_before_it_is_for_all():
    queue = Queue("test", 1, most=3, most_of_one=2)
    with queue.waiting("a"), queue.waiting("a"):
        assert not queue.has_room("a")
        assert queue.has_room("b")
        with queue.waiting("b"):
            assert not queue.has_room("c")
        assert queue.has_room("c")
    assert queue.has_room("a")
    assert queue._of_client == {}


class Deadline:
    """A timeout that is told when it ends."""

    def __init__(self) -> None:
        self.ended: float | None = None

    def reschedule(self, when: float) -> None:
        self.ended = when


def test_the_body_that_is_given_up_is_one_of_who_sends_most():
    one = Gateway(None, None)  # type: ignore[arg-type]
    one._loop = SimpleNamespace(time=lambda: 7.0)  # type: ignore[assignment]
    honest, first, second = Deadline(), Deadline(), Deadline()
    bodies: Any = {honest: "reader", first: "slow", second: "slow"}
    one._bodies = bodies
    one._give_up_one()
    assert (honest.ended, first.ended, second.ended) == (None, 7.0, None)
    assert list(one._bodies) == [honest, second]


def test_a_probe_reads_no_body():
    """A slow body to a probe costs nobody else's."""
    told: list[int] = []

    async def ask() -> None:
        one = Gateway(front, SimpleNamespace(in_flight=0))  # type: ignore[arg-type]
        one.__rsgi_init__(asyncio.get_running_loop())
        answer = SimpleNamespace(status=200, headers=[], body=b"")
        one._answer = lambda environ, passed: told.append(1) or answer  # type: ignore[assignment]
        scope = SimpleNamespace(
            **{"http_version": "1.1", "server": "a:1", "client": "192.0.2.1:5", "scheme": "http"},
            **{"method": "POST", "path": "/health/live", "query_string": ""},
            headers=Headers({"content-length": "100"}),
        )
        await one.__rsgi__(scope, Endless())  # type: ignore[arg-type]

    asyncio.run(asyncio.wait_for(ask(), 30))
    assert told == [1]


def test_a_verdict_that_waits_for_redis_holds_up_no_poll():
    """A client whom the chain knows has its answer while another one's verdict hangs."""
    hangs, given = threading.Event(), []

    class Slow(Front):
        may_wait = True
        polls = SimpleNamespace(
            answer=lambda path, peer, header: (200, [], b"") if peer == "known:1" else None
        )

        def judge(self, head: Any) -> Any:
            assert hangs.wait(30)
            return Ready(200, [], b"")

    def ask(one: Gateway, client: str) -> Any:
        protocol = SimpleNamespace(response_bytes=lambda *_: given.append(client))
        scope = SimpleNamespace(
            method="GET", path="/", query_string="", client=client, headers=Headers()
        )
        return one.__rsgi__(scope, protocol)  # type: ignore[arg-type]

    async def run() -> None:
        slow: Any = Slow()
        one = Gateway(slow, SimpleNamespace(in_flight=0))  # type: ignore[arg-type]
        one.__rsgi_init__(asyncio.get_running_loop())
        waiting = asyncio.create_task(ask(one, "stranger:1"))
        await asyncio.sleep(0)
        await ask(one, "known:1")
        assert given == ["known:1"]
        hangs.set()
        await waiting
        assert given == ["known:1", "stranger:1"]

    asyncio.run(asyncio.wait_for(run(), 30))


class Headers(dict[str, str]):
    """As RSGI has them."""


class Endless:
    """A client whose body never comes."""

    def __aiter__(self) -> "Endless":
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(3600)
        raise StopAsyncIteration

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        assert status == 200


class Front:
    """Lets everything pass."""

    prefix, may_wait = "", False

    def judge(self, head: Any) -> Any:
        return Passed("192.0.2.1", head.path, "", [])

    def refuse(self, *given: Any) -> Any:
        raise AssertionError(given)


front: Any = Front()
