"""Each kind against real servers: good, slow, wrong and dead; and servers that mean no good."""

import asyncio
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd.controller import Controller
from redis import Redis

from portal.monitors import looking, network
from portal.monitors.health import Outcome
from portal.monitors.kinds import exchange
from portal.monitors.kinds.table import config_of
from portal.monitors.looking import Plan
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from portal.settings import monitors as values
from tests.monitors import servers
from tests.monitors.certificates import Authority
from tests.monitors.servers import saying, serving
from tests.processes import free_port, has, needed, until

pytestmark = pytest.mark.process
ANYWHERE = Targets(values.targets("any"))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def look(kind: Kind, *, targets: Targets = ANYWHERE, **given: object) -> Look:
    """One look; what is not a field of the plan is of the kind."""
    plan = {
        name: given.pop(name)
        for name in (
            "timeout_seconds",
            "is_inverted",
            "latency_limit_ms",
            "certificate_days",
            "is_free",
        )
        if name in given
    }
    credentials = given.pop("credentials", {})
    config = config_of(kind, given)
    made = Plan(kind, config, **{"timeout_seconds": 5, **plan})  # type: ignore[arg-type]
    return asyncio.run(looking.look(made, targets, credentials))


def http(port: int, path: str = "/", **given: object) -> Look:
    return look(Kind.HTTP, url=f"http://127.0.0.1:{port}{path}", **given)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that looks trust, as they trust the system's."""
    made = Authority(tmp_path_factory.mktemp("authority"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.path))
        network.tls.cache_clear()
        yield made
    network.tls.cache_clear()


def test_http_that_is_well():
    with serving(saying(OK)) as port:
        found = http(port, textPresent="ok")
    assert (found.outcome, found.detail) == (Outcome.UP, "200 OK")
    assert set(found.trace.phases) == {"dns", "connect", "waiting", "answer"}
    assert found.trace.address == f"127.0.0.1:{port}"
    assert sum(found.trace.phases.values()) <= found.ms + 1


def test_http_that_is_wrong_slow_or_dead():
    with serving(saying(b"HTTP/1.1 503 Down\r\nContent-Length: 5\r\n\r\noops\n")) as port:
        found = http(port)
        assert (found.outcome, found.detail) == (Outcome.DOWN, "503 Down")
        assert found.trace.lines[-1] == "oops"
        assert http(port, expectedStatus="503").outcome is Outcome.UP
        turned = http(port, is_inverted=True)
        assert (turned.outcome, turned.detail) == (Outcome.UP, "503 Down, as it should")
    with serving(saying(OK[:10], OK[10:], every=0.05)) as port:
        found = http(port, latency_limit_ms=20)
        assert found.outcome is Outcome.DEGRADED
        assert found.detail.endswith("limit 20 ms")
    with serving(servers.silence) as port:
        found = http(port, timeout_seconds=1)
        assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")
    found = http(free_port())
    assert (found.outcome, found.detail) == (Outcome.DOWN, "Connection refused")


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


def test_redirects_are_followed_within_what_is_allowed():
    with serving(saying(OK)) as target:
        there = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:%d/\r\n\r\n"
        with serving(saying(there % target)) as port:
            assert http(port).detail == "200 OK"
            assert http(port, followRedirects=False).detail == "302 Found"
    inward = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://169.254.169.254/\r\n\r\n"
    with serving(saying(inward)) as port:
        found = http(port)
        assert found.outcome is Outcome.UNKNOWN
        assert found.detail == "The metadata services of clouds are never called."
    with serving(saying(b"HTTP/1.1 302 F\r\nContent-Length: 0\r\nLocation: /\r\n\r\n")) as port:
        assert http(port).detail == "More than 10 redirects"
    with serving(
        saying(b"HTTP/1.1 302 F\r\nContent-Length: 0\r\nLocation: ftp://x\r\n\r\n")
    ) as port:
        assert http(port).detail == "The redirect leads to no address"


def test_secrets_stay_with_the_host_they_were_typed_for():
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    secrets = {"bearerToken": "top-secret", "secretHeaders": {"X-Key": "hidden"}}
    headers = {"X-Tenant": "ours"}
    with serving(hear) as other:
        there = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:%d/\r\n\r\n"
        with serving(saying(there % other)) as port:
            assert http(port, credentials=secrets, headers=headers).outcome is Outcome.UP
        assert http(other, credentials=secrets, headers=headers).outcome is Outcome.UP
    assert b"secret" not in heard[0]
    assert b"hidden" not in heard[0]
    assert b"X-Tenant" not in heard[0]
    assert b"X-Tenant: ours" in heard[1]
    assert b"Bearer top-secret" in heard[1]
    assert b"X-Key: hidden" in heard[1]


def test_a_name_that_leads_inward_is_not_called():
    with serving(saying(OK)) as port:
        found = look(Kind.HTTP, url=f"http://localhost:{port}/", targets=Targets())
    assert found.outcome is Outcome.UNKNOWN
    assert "is not allowed" in found.detail
    assert found.ms is None


def test_a_target_that_an_admin_chose_leads_to_no_other():
    with serving(saying(OK)) as target:
        there = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://%s:%d/\r\n\r\n"
        with serving(saying(there % (b"127.0.0.1", target))) as port:
            assert http(port, targets=Targets(), is_free=True).detail == "200 OK"
        with serving(saying(there % (b"localhost", target))) as port:
            found = http(port, targets=Targets(), is_free=True)
    assert found.outcome is Outcome.UNKNOWN
    assert "is not allowed" in found.detail


def test_a_name_server_that_says_nothing_is_not_the_targets_fault(monkeypatch: pytest.MonkeyPatch):
    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", wait)
    found = look(Kind.HTTP, url="http://h.example/", timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.UNKNOWN, "No name within 1 s")
    assert found.ms is None


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


@pytest.mark.parametrize(
    ("host", "days", "own", "said"),
    [
        ("localhost", 60, False, ""),
        ("localhost", -1, False, "Certificate: certificate has expired"),
        ("localhost", 60, True, "Certificate: self-signed certificate"),
        ("other.example", 60, False, "Certificate: IP address mismatch"),
    ],
)
def test_certificates(authority: Authority, host: str, days: int, own: bool, said: str):
    pair = authority.issue("one", host, days=days, own=own)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    with serving(saying(OK), ssl=context) as port:
        url = f"https://127.0.0.1:{port}/"
        found = look(Kind.HTTP, url=url)
        shaken = look(Kind.TLS, host="127.0.0.1", port=port)
        careless = look(Kind.HTTP, url=url, verifyTls=False)
        soon = look(Kind.TLS, host="127.0.0.1", port=port, certificate_days=90)
    if said:
        assert found.outcome is shaken.outcome is Outcome.DOWN
        assert found.detail.startswith(said)
        assert shaken.detail.startswith(said)
    else:
        assert found.outcome is shaken.outcome is Outcome.UP
        assert soon.outcome is Outcome.DEGRADED
        assert soon.detail == "The certificate ends in 59 days"
        assert "tls" in found.trace.phases
    assert careless.outcome is Outcome.UP
    assert careless.trace.certificate_expires_at is not None


def test_tls_where_none_is_spoken():
    with serving(saying(b"hello\r\n", asks=False)) as port:
        found = look(Kind.TLS, host="127.0.0.1", port=port)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("TLS: ")


@pytest.fixture
def nginx(tmp_path: Path, authority: Authority) -> Iterator[tuple[int, int]]:
    """A real nginx: its plain port, and one with TLS and HTTP/2."""
    if not has("nginx"):
        assert not needed("nginx")
        pytest.skip("no nginx")
    pair = authority.issue("nginx")
    plain, tls = free_port(), free_port()
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in temporary)
    (tmp_path / "nginx.conf").write_text(
        f"user root; daemon off; pid {tmp_path}/pid; error_log stderr; events {{}} http {{"
        f" access_log off; {folders} server {{ listen 127.0.0.1:{plain};"
        f" listen 127.0.0.1:{tls} ssl http2; ssl_certificate {pair.certificate};"
        f" ssl_certificate_key {pair.key};"
        ' location = /health { default_type application/json; return 200 \'{"status":"ok"}\'; }'
        " location / { return 404; } } }"
    )
    process = subprocess.Popen(["nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)])
    until(lambda: look(Kind.TCP, host="127.0.0.1", port=tls).outcome is Outcome.UP)
    yield plain, tls
    process.terminate()
    process.wait(20)


def test_nginx(nginx: tuple[int, int]):
    plain, tls = nginx
    wanted = [{"path": "$.status", "operator": "==", "value": "ok"}]
    assert http(plain, "/health", assertions=wanted).detail == "200 OK"
    assert http(plain, "/nothing").detail == "404 Not Found"
    for is_two in (False, True):
        found = look(Kind.HTTP, url=f"https://localhost:{tls}/health", http2=is_two)
        assert found.outcome is Outcome.UP, found.detail
        assert found.trace.lines[0].startswith("HTTP/2" if is_two else "HTTP/1.1")
        assert found.trace.certificate_expires_at is not None


def test_an_extra_that_is_missing_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "HAS_HTTP2", False)
    found = look(Kind.HTTP, url="https://127.0.0.1/", http2=True)
    assert (found.outcome, found.detail) == (
        Outcome.UNKNOWN,
        "HTTP/2 needs the package h2: install portal[http2]",
    )


def test_tcp():
    with serving(servers.silence) as port:
        assert look(Kind.TCP, host="127.0.0.1", port=port).detail == "Connected"
    assert look(Kind.TCP, host="127.0.0.1", port=port).detail == "Connection refused"
    found = look(Kind.TCP, host="no-such-host.invalid", port=1)
    assert found.outcome in (Outcome.DOWN, Outcome.UNKNOWN)


RECORDS = {
    ("example.test", "A"): ["192.0.2.1", "192.0.2.2"],
    ("example.test", "TXT"): ['"v=spf1 -all"'],
    ("example.test", "MX"): ["10 mail.example.test."],
}


def dns(port: int, name: str = "example.test", **given: object) -> Look:
    return look(Kind.DNS, host=name, resolver=f"127.0.0.1:{port}", **given)


def test_dns_that_is_well_and_wrong():
    with servers.name_server(RECORDS) as port:
        assert dns(port).detail == "192.0.2.1, 192.0.2.2"
        both = ["192.0.2.2", "192.0.2.1"]
        assert dns(port, expectedAnswers=both).outcome is Outcome.UP
        assert dns(port, expectedAnswers=["192.0.2.1"]).outcome is Outcome.DOWN
        mail = dns(port, recordType="MX", expectedAnswers=["10 MAIL.example.test"])
        assert mail.outcome is Outcome.UP
        assert dns(port, recordType="TXT", expectedAnswers=["v=spf1 -all"]).outcome is Outcome.UP
        assert dns(port, recordType="AAAA").detail == "No AAAA record"
        assert dns(port, "nothing.test").detail == "NXDOMAIN, expected NOERROR"
        assert dns(port, "nothing.test", expectedCode="NXDOMAIN").outcome is Outcome.UP


def test_dns_that_lies_or_says_nothing():
    with servers.name_server(RECORDS, lie="198.51.100.7") as port:
        found = dns(port, expectedAnswers=["192.0.2.1", "192.0.2.2"])
        assert found.outcome is Outcome.DOWN
        assert found.detail == "Answered 198.51.100.7, expected 192.0.2.1, 192.0.2.2"
    with servers.name_server(RECORDS, mute=True) as port:
        found = dns(port, timeout_seconds=1)
        assert found.outcome is Outcome.DOWN
        assert found.detail.startswith("No answer")


def test_a_resolver_in_the_own_network_is_not_asked():
    with servers.name_server(RECORDS) as port:
        found = look(Kind.DNS, host="example.test", resolver=f"127.0.0.1:{port}", targets=Targets())
    assert found.outcome is Outcome.UNKNOWN


def test_ping():
    found = look(Kind.PING, host="127.0.0.1", packets=1)
    if found.outcome is Outcome.UNKNOWN:
        # Told where the system does not allow it.
        assert "ping_group_range" in found.detail
        return
    assert found.detail.startswith("1 of 1 packets")


def test_grpc():
    with servers.grpc_health({"": 1, "shop": 2}) as port:
        assert look(Kind.GRPC, host="127.0.0.1", port=port).detail == "SERVING"
        assert look(Kind.GRPC, host="127.0.0.1", port=port, service="shop").detail == "NOT_SERVING"
        unknown = look(Kind.GRPC, host="127.0.0.1", port=port, service="x" * 150)
        assert unknown.detail == "NOT_FOUND: unknown service"
    with servers.grpc_health({"": 1}, slow=5) as port:
        found = look(Kind.GRPC, host="127.0.0.1", port=port, timeout_seconds=1)
        assert found.outcome is Outcome.DOWN
    found = look(Kind.GRPC, host="127.0.0.1", port=port)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("UNAVAILABLE")


def websocket(port: int) -> Look:
    return look(Kind.WEBSOCKET, url=f"ws://127.0.0.1:{port}/feed")


def test_websocket():
    import base64
    import hashlib
    import re

    async def shake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)
        assert key
        magic = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key[1] + magic).digest())  # noqa: S324 (RFC 6455)
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        await asyncio.sleep(1)

    with serving(shake) as port:
        assert websocket(port).detail == "101 Switching Protocols"
    wrong = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: no\r\n\r\n"
    )
    with serving(saying(wrong)) as port:
        assert "wrong key" in websocket(port).detail
    with serving(saying(OK)) as port:
        assert websocket(port).detail == "200 OK, expected 101"


class _Quiet:
    async def handle_DATA(self, *_: object) -> str:
        return "250 OK"


def test_smtp(authority: Authority):
    pair = authority.issue("mail")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server = Controller(
        _Quiet(), hostname="127.0.0.1", port=free_port(), server_hostname="mail.test",
        tls_context=context, ident="Test mail",
    )  # fmt: skip
    server.start()
    try:
        found = look(Kind.SMTP, host="127.0.0.1", port=server.port, textPresent="Test mail")
        assert found.detail == "220 mail.test Test mail"
        secure = look(Kind.SMTP, host="localhost", port=server.port, security="starttls")
        assert secure.outcome is Outcome.UP, secure.detail
        assert secure.trace.certificate_expires_at is not None
        other = look(Kind.SMTP, host="127.0.0.1", port=server.port, textPresent="Postfix")
        assert other.outcome is Outcome.DOWN
    finally:
        server.stop()
    with serving(saying(b"554 No\r\n", asks=False)) as port:
        assert (
            look(Kind.SMTP, host="127.0.0.1", port=port).detail == "Answered 554 No, expected 220"
        )
    with serving(servers.silence) as port:
        assert look(Kind.SMTP, host="127.0.0.1", port=port, timeout_seconds=1).ms is not None
    with serving(saying(b"220 " + b"x" * 100_000, asks=False)) as port:
        assert look(Kind.SMTP, host="127.0.0.1", port=port).outcome is Outcome.DOWN


def test_postgres(postgres: str):
    folder = parse_qs(urlsplit(postgres).query)["host"][0]
    with servers.forwarding(f"{folder}/.s.PGSQL.5432") as port:
        given = {"host": "127.0.0.1", "port": port, "sslMode": "disable"}
        found = look(Kind.POSTGRES, **given)
        assert found.outcome is Outcome.UP, found.detail
        assert found.detail.startswith("PostgreSQL ")
        wrong = look(Kind.POSTGRES, **given, database="nothing-here")
        assert wrong.detail == 'database "nothing-here" does not exist'
    with serving(servers.silence) as port:
        found = look(Kind.POSTGRES, host="127.0.0.1", port=port, timeout_seconds=2)
        assert found.outcome is Outcome.DOWN
    assert look(Kind.POSTGRES, **given).outcome is Outcome.DOWN


def test_redis(tmp_path: Path):
    if not has("redis-server"):
        assert not needed("redis")
        pytest.skip("no Redis")
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: look(Kind.REDIS, host="127.0.0.1", port=port).detail == "PONG")
        with Redis(port=port) as client:
            client.config_set("requirepass", "top-secret")
        refused = look(Kind.REDIS, host="127.0.0.1", port=port)
        assert refused.detail == "Answered NOAUTH Authentication required., expected PONG"
        signed = {"password": "top-secret"}
        assert look(Kind.REDIS, host="127.0.0.1", port=port, credentials=signed).detail == "PONG"
        process.send_signal(19)
        found = look(Kind.REDIS, host="127.0.0.1", port=port, timeout_seconds=1)
        assert found.detail == "No answer within 1 s"
        process.send_signal(18)
    finally:
        process.terminate()
        process.wait(20)
    assert look(Kind.REDIS, host="127.0.0.1", port=port).detail == "Connection refused"


def said_by_prometheus(result: str, status: str = "200 OK") -> bytes:
    body = f'{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}'
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "condition", "outcome", "said"),
    [
        (said_by_prometheus('[{"value":[1,"38"]}]'), "< 500", Outcome.UP, "38"),
        (said_by_prometheus('[{"value":[1,"38"]}]'), "< 30", Outcome.DOWN, "38, expected < 30"),
        (
            said_by_prometheus('[{"value":[1,"1"]},{"value":[1,"2"]}]'),
            ">= 1",
            Outcome.UP,
            "2 series keep to it",
        ),
        (said_by_prometheus('[{"value":[1,"NaN"]}]'), "!= 1", Outcome.DOWN, "nan, expected != 1"),
        (said_by_prometheus("[]"), "< 1", Outcome.UNKNOWN, "The query gives no series"),
        (OK, "< 1", Outcome.UNKNOWN, "Prometheus: 200, and no answer to a query"),
        (b"", "< 1", Outcome.UNKNOWN, "Prometheus: The answer is no HTTP"),
    ],
)
def test_prometheus(answer: bytes, condition: str, outcome: Outcome, said: str):
    with serving(saying(answer)) as port:
        found = look(
            Kind.PROMETHEUS, url=f"http://127.0.0.1:{port}", query="up", condition=condition
        )
    assert (found.outcome, found.detail) == (outcome, said)
