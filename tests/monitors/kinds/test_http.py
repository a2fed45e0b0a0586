"""HTTP against nginx, and against servers that mean no good."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.monitors.health import Outcome
from portal.monitors.kinds import exchange
from portal.monitors.monitor import Kind
from tests.monitors import servers
from tests.monitors.certificates import Authority
from tests.monitors.kinds import programs
from tests.monitors.kinds.looks import OK, http, look
from tests.monitors.servers import saying, serving
from tests.patience import until
from tests.ports import free_port

pytestmark = pytest.mark.process
Real = tuple["subprocess.Popen[bytes]", int, int]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 9999 Odd\r\n\r\n",
        b"\x00" * 1000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_is_down(said: bytes):
    with serving(saying(said)) as port:
        assert http(port).outcome is Outcome.DOWN


def test_a_byte_a_second_ends_with_the_timeout():
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with serving(servers.drip(head)) as port:
        begun = time.monotonic()
        found = http(port, timeout_seconds=1)
        assert time.monotonic() - begun < 3
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")
    with serving(servers.drip(b"HTTP/1.1 200 OK\r\nX-A: ")) as port:
        assert http(port, timeout_seconds=1).outcome is Outcome.DOWN


def test_of_a_gigabyte_a_megabyte_is_read():
    sent: list[int] = []
    with serving(servers.flood(b"HTTP/1.1 200 OK\r\n\r\n", sent)) as port:
        found = http(port)
        assert found.outcome is Outcome.UP
        assert found.trace.size == 1024 * 1024
        assert sum(sent) < 64 * 1024 * 1024, "buffers of the system, and no more"


def test_a_method_a_body_and_headers_are_sent():
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(4))
        writer.write(OK)

    with serving(hear) as port:
        found = http(port, method="POST", body="ping", headers={"X-A": "b"}, username="ada")
    assert found.outcome is Outcome.UP
    assert heard[0].startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1")
    assert heard[0].endswith(b"\r\n\r\nping")
    assert b"X-A: b" in heard[0]
    assert b"Authorization: Basic YWRhOg==" in heard[0]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Real]:
    """A real nginx with its plain port, and one with TLS and HTTP/2."""
    folder, pair = tmp_path_factory.mktemp("nginx"), authority.issue("nginx")
    plain, tls = free_port(), free_port()
    (folder / "large").write_bytes(b"x" * 10_000_000)
    servers = (
        f"server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2;"
        f" ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};"
        ' location = /health { default_type application/json; return 200 \'{"status":"ok"}\'; }'
        " location = /moved { return 301 /health; } location = /broken { return 502; }"
        f" location = /large {{ root {folder}; }}"
        f" location = /trickle {{ alias {folder}/large; limit_rate 10; }}"
        " location / { return 404; } }"
    )
    with programs.nginx(folder, servers) as process:
        until(lambda: look(Kind.TCP, host="127.0.0.1", port=tls).outcome is Outcome.UP)
        yield process, plain, tls


def test_http_that_is_well(nginx: Real):
    _, plain, tls = nginx
    wanted = [{"path": "$.status", "operator": "==", "value": "ok"}]
    found = http(plain, "/health", assertions=wanted, textPresent="ok")
    assert (found.outcome, found.detail) == (Outcome.UP, "200 OK")
    assert set(found.trace.phases) == {"dns", "connect", "waiting", "answer"}
    assert found.trace.address == f"127.0.0.1:{plain}"
    assert sum(found.trace.phases.values()) <= found.ms + 1
    assert http(plain, "/moved").detail == "200 OK"
    assert http(plain, "/large").trace.size == 1024 * 1024
    for is_two in (False, True):
        found = look(Kind.HTTP, url=f"https://localhost:{tls}/health", http2=is_two)
        assert found.outcome is Outcome.UP, found.detail
        assert found.trace.lines[0].startswith("HTTP/2" if is_two else "HTTP/1.1")
        assert found.trace.certificate_expires_at is not None


def test_http_that_is_wrong(nginx: Real):
    _, plain, tls = nginx
    found = http(plain, "/broken")
    assert (found.outcome, found.detail) == (Outcome.DOWN, "502 Bad Gateway")
    assert "<center><h1>502 Bad Gateway</h1></center>" in found.trace.lines
    assert http(plain, "/broken", expectedStatus="502").outcome is Outcome.UP
    turned = http(plain, "/broken", is_inverted=True)
    assert (turned.outcome, turned.detail) == (Outcome.UP, "502 Bad Gateway, as it should")
    assert http(plain, "/nothing").detail == "404 Not Found"
    assert http(plain, "/health", textAbsent="ok").detail == "“ok” is in the answer"
    assert http(tls, "/health").detail == "400 Bad Request"
    found = look(Kind.HTTP, url=f"https://127.0.0.1:{plain}/health")
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("TLS: ")


def test_http_that_is_slow(nginx: Real):
    process, plain, tls = nginx
    found = http(plain, "/trickle", timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")
    with programs.stopped(process):
        for url in (f"http://127.0.0.1:{plain}/", f"https://localhost:{tls}/"):
            found = look(Kind.HTTP, url=url, timeout_seconds=1)
            assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")
    assert http(plain, "/health").outcome is Outcome.UP
    with serving(saying(OK[:10], OK[10:], every=0.05)) as port:
        found = http(port, latency_limit_ms=20)
    assert found.outcome is Outcome.DEGRADED
    assert found.detail.endswith("limit 20 ms")


def test_http_that_is_dead(tmp_path: Path):
    port = free_port()
    with programs.nginx(tmp_path, f"server {{ listen 127.0.0.1:{port}; return 204; }}"):
        until(lambda: http(port).outcome is Outcome.UP, what="the start")
    found = http(port)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "Connection refused")


def test_an_extra_that_is_missing_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "HAS_HTTP2", False)
    found = look(Kind.HTTP, url="https://127.0.0.1/", http2=True)
    assert (found.outcome, found.detail) == (
        Outcome.UNKNOWN,
        "HTTP/2 needs the package h2: install portal[http2]",
    )
