"""TCP against ports that take a connection, that take none, and that are shut."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors import servers
from tests.monitors.kinds.looks import look
from tests.monitors.servers import serving
from tests.ports import free_port

pytestmark = pytest.mark.process


def tcp(port: int, **given: object) -> Look:
    return look(Kind.TCP, host="127.0.0.1", port=port, **given)


@contextmanager
def full() -> Iterator[int]:
    """A port whose queue is full: the system answers nobody who wants to connect."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_tcp_that_is_well():
    with serving(servers.silence) as port:
        found = tcp(port)
    assert (found.outcome, found.detail) == (Outcome.UP, "Connected")
    assert set(found.trace.phases) == {"dns", "connect"}


def test_tcp_that_is_wrong():
    found = look(Kind.TCP, host="no-such-host.invalid", port=1)
    # Down where a name server says that there is none; unknown where none answers.
    assert found.outcome in (Outcome.DOWN, Outcome.UNKNOWN)
    with serving(servers.silence) as port:
        turned = tcp(port, is_inverted=True)
    assert (turned.outcome, turned.detail) == (Outcome.DOWN, "Connected, which it should not")


def test_tcp_that_is_slow():
    with full() as port:
        found = tcp(port, timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")


def test_tcp_that_is_dead():
    found = tcp(free_port())
    assert (found.outcome, found.detail) == (Outcome.DOWN, "Connection refused")
