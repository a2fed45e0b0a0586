"""Where redirects may lead, and what goes along."""

import asyncio

import pytest

from portal.monitors.health import Outcome
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from tests.monitors import servers
from tests.monitors.kinds.looks import OK, http, look
from tests.monitors.servers import saying, serving

pytestmark = pytest.mark.process


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


def test_a_target_that_an_admin_chose_leads_to_no_other():
    with serving(saying(OK)) as target:
        there = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://%s:%d/\r\n\r\n"
        with serving(saying(there % (b"127.0.0.1", target))) as port:
            assert http(port, targets=Targets(), is_free=True).detail == "200 OK"
        with serving(saying(there % (b"localhost", target))) as port:
            found = http(port, targets=Targets(), is_free=True)
    assert found.outcome is Outcome.UNKNOWN
    assert "is not allowed" in found.detail


def hearing(heard: list[bytes]) -> servers.Handler:
    """A server that keeps what it was sent, the body too."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await servers.request(reader))
        writer.write(OK)

    return hear


SECRETS = {"bearerToken": "top-secret", "secretHeaders": {"X-Key": "hidden"}}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", ""), ("HEAD", ""), ("POST", "ping"), ("PUT", "ping"), ("DELETE", "")],
)
def test_another_origin_gets_no_secret_and_no_body(status: int, method: str, body: str):
    heard: list[bytes] = []
    with serving(hearing(heard)) as other:
        there = b"HTTP/1.1 %d R\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:%d/\r\n\r\n"
        with serving(saying(there % (status, other))) as port:
            found = http(port, method=method, body=body, credentials=SECRETS)
    for one in heard:
        assert b"ping" not in one
        assert b"secret" not in one
        assert b"hidden" not in one
        assert one.split()[0] in (b"GET", b"HEAD")
    becomes_get = status == 303 or (status in (301, 302) and method == "POST")
    if method in ("GET", "HEAD") or becomes_get:
        assert (found.outcome, len(heard)) == (Outcome.UP, 1)
    else:
        what = "the body" if body else f"the {method}"
        said = f"{status} to another origin, which does not get {what}"
        assert (found.outcome, found.detail, heard) == (Outcome.DOWN, said, [])


@pytest.mark.parametrize("status", [307, 308])
def test_the_same_origin_gets_all_again_however_it_is_written(status: int):
    heard: list[bytes] = []

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await servers.request(reader)
        heard.append(head)
        if head.startswith(b"POST /first"):
            at = f"http://LOCALHOST:{port}/second\r\n\r\n".encode()
            writer.write(b"HTTP/1.1 %d R\r\nContent-Length: 0\r\nLocation: " % status + at)
        else:
            writer.write(OK)

    with serving(lead) as port:
        url = f"http://localhost:{port}/first"
        found = look(Kind.HTTP, url=url, method="POST", body="ping", credentials=SECRETS)
    assert found.outcome is Outcome.UP, found.detail
    assert heard[1].startswith(b"POST /second")
    assert heard[1].endswith(b"ping")
    assert b"Bearer top-secret" in heard[1]


def test_a_way_round_by_another_origin_brings_no_body_back():
    heard: list[bytes] = []

    async def home(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await servers.request(reader)
        heard.append(head)
        if head.startswith(b"POST /first"):
            at = f"http://127.0.0.1:{other}/\r\n\r\n".encode()
            writer.write(b"HTTP/1.1 308 R\r\nContent-Length: 0\r\nLocation: " + at)
        else:
            writer.write(OK)

    with serving(home) as port:
        back = b"HTTP/1.1 308 R\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:%d/paid\r\n\r\n"
        with serving(saying(back % port)) as other:
            found = http(port, "/first", method="POST", body="ping", credentials=SECRETS)
    assert found.outcome is Outcome.DOWN
    assert len(heard) == 1
