"""What may be called: never the network that the portal stands in."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest

from portal.notify import targets
from portal.notify.targets import TargetError

# Every notation that a resolver, a URL parser or a translator could take for somewhere inside.
INSIDE = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.255.255.254/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0.0.0x1/",
    "http://localhost/",
    "http://LOCALHOST:8080/",
    "http://localhost./",
    "http://0.0.0.0/",
    "http://0/",
    "http://0.1.2.3/",
    "http://10.0.0.1/",
    "http://10.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://3232235777/",
    "http://100.64.0.1/",
    "http://100.127.255.254/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.7/",
    "http://203.0.113.7/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[0:0:0:0:0:ffff:a00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:c0a8:101::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
]
MALFORMED = [
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "//example.com/",
    "http://",
    "http:///path",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com:22/",
    "http://example.com:25/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://exa mple.com/",
    "http://example.com/\r\nHost: inside",
    "http://①②⑦.⓪.⓪.①/",
    "http://[::1",
]


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


class Target(BaseHTTPRequestHandler):
    """Answers as its server is told."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.calls.append((self.path, dict(self.headers), body))
        server.answer(self)

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def listening(answer: Any) -> Iterator[ThreadingHTTPServer]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    server.daemon_threads, server.block_on_close = True, False
    server.calls, server.answer = [], answer
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def plain(status: int, **headers: str) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


LISTED = (ip_network("127.0.0.0/8"),)


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
