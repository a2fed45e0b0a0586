"""What may be called: never the network that the portal stands in."""

import socket
import ssl
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from portal.notify import targets
from portal.notify.targets import TargetError
from tests.notify.addresses import INSIDE, MALFORMED
from tests.notify.targets import LISTED, listening, plain


@pytest.mark.fault(24)
@pytest.mark.parametrize("url", INSIDE + MALFORMED)
def test_it_is_refused_and_nothing_connects(url: str, monkeypatch: pytest.MonkeyPatch):
    def connected(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was begun")

    monkeypatch.setattr(socket, "create_connection", connected)
    with pytest.raises(TargetError):
        targets.post(url, b"{}", {})


def test_the_open_internet_is_open():
    for text in ("93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"):
        assert targets.is_open(targets.ipaddress.ip_address(text)), text


def test_one_address_inside_is_enough_to_refuse():
    parts = targets.split("https://example.com/")
    for found in (["93.184.216.34", "10.0.0.7"], ["::ffff:10.0.0.7"], []):
        with pytest.raises(TargetError):
            targets.resolve(parts, 443, (), lambda host, port, found=found: found)
    outside = targets.resolve(parts, 443, (), lambda host, port: ["93.184.216.34"])
    assert outside == "93.184.216.34"


@pytest.mark.fault(24)
def test_a_name_that_changes_its_mind_gains_nothing():
    """Between look and call the name leads elsewhere; the call goes where the look was."""
    with listening(plain(204)) as server:
        looks: list[str] = []

        def look(host: str, port: int) -> list[str]:
            looks.append(host)
            return ["127.0.0.1"] if len(looks) == 1 else ["169.254.169.254"]

        url = f"http://rebind.example.com:{server.server_port}/hook"
        assert targets.post(url, b"{}", {}, allowed=LISTED, look=look).status == 204
        assert looks == ["rebind.example.com"]
        (call,) = server.calls  # type: ignore[attr-defined]
        assert call[1]["Host"] == f"rebind.example.com:{server.server_port}"
        # The other way round: first outside, then in. Asked once, it is refused or goes outside.
        with pytest.raises(TargetError):
            targets.post(url, b"{}", {}, allowed=LISTED, look=look)


@pytest.mark.fault(24)
def test_redirects_are_not_followed():
    with listening(plain(204)) as inside:
        for status in (301, 302, 303, 307, 308):
            to = f"http://127.0.0.1:{inside.server_port}/"
            with listening(plain(status, Location=to)) as server:
                url = f"http://127.0.0.1:{server.server_port}/"
                assert targets.post(url, b"{}", {}, allowed=LISTED).status == status
        assert inside.calls == []  # type: ignore[attr-defined]


@pytest.mark.fault(24)
def test_a_target_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch):
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            return

    def drips(handler: BaseHTTPRequestHandler) -> None:
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 1000:
                handler.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            return

    with listening(endless) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        assert targets.post(url, b"{}", {}, allowed=LISTED, seconds=2).status == 200
    with listening(drips) as server:
        begun = time.monotonic()
        url = f"http://127.0.0.1:{server.server_port}/"
        with pytest.raises(OSError):  # noqa: PT011 (whichever way the cut is noticed)
            targets.post(url, b"{}", {}, allowed=LISTED, seconds=0.5)
        # Not a speed: that it is left at all, with bytes still coming every 50 ms for a minute.
        assert time.monotonic() - begun < 20


def test_https_holds_the_target_to_its_name():
    """A server without the right certificate gets nothing."""
    with listening(plain(204)) as server:
        url = f"https://127.0.0.1:{server.server_port}/"
        with pytest.raises((ssl.SSLError, OSError)):
            targets.post(url, b"{}", {}, allowed=LISTED)
        assert server.calls == []  # type: ignore[attr-defined]


def test_the_last_instant_is_too_late(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(targets.time, "monotonic", lambda: 100.0)
    assert targets.left_until(100.5) == 0.5
    for deadline in (100.0, 99.0):
        with pytest.raises(TimeoutError):
            targets.left_until(deadline)
