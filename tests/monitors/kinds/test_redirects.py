"""Where redirects may lead, and what goes along."""

import asyncio

import pytest

from portal.monitors.health import Outcome
from portal.monitors.targets import Targets
from tests.monitors.kinds.looks import OK, http
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
