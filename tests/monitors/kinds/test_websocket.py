"""WebSocket against a real server, and servers that take a handshake wrongly."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors.kinds import programs
from tests.monitors.kinds.looks import OK, http, look
from tests.monitors.servers import saying, serving
from tests.patience import until
from tests.ports import free_port

pytestmark = pytest.mark.process
FEED = Path(__file__).with_name("feed.py")


def shake(port: int, path: str = "/feed", **given: object) -> Look:
    return look(Kind.WEBSOCKET, url=f"ws://127.0.0.1:{port}{path}", **given)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[tuple[object, int]]:
    port = free_port()
    arguments = [
        sys.executable, "-m", "granian", "--interface", "asginl", "--ws", "--host", "127.0.0.1",
        "--port", str(port), "--working-dir", str(FEED.parent), f"{FEED.stem}:app",
    ]  # fmt: skip
    with programs.running(arguments, tmp_path) as process:
        until(lambda: http(port).outcome is Outcome.UP, what="the start")
        yield process, port


def test_websocket_that_is_well(real: tuple[object, int]):
    found = shake(real[1])
    assert (found.outcome, found.detail) == (Outcome.UP, "101 Switching Protocols")


def test_websocket_that_is_wrong(real: tuple[object, int]):
    found = shake(real[1], "/other")
    assert (found.outcome, found.detail) == (Outcome.DOWN, "403 Forbidden, expected 101")
    wrong = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: no\r\n\r\n"
    )
    with serving(saying(wrong)) as port:
        assert shake(port).detail == "The server took the handshake with a wrong key"
    with serving(saying(OK)) as port:
        assert shake(port).detail == "200 OK, expected 101"


def test_websocket_that_is_slow(real: tuple[object, int]):
    found = shake(real[1], "/slow", timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")


def test_websocket_that_is_dead():
    found = shake(free_port())
    assert (found.outcome, found.detail) == (Outcome.DOWN, "Connection refused")
