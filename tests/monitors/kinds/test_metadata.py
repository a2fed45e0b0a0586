"""The metadata of a cloud is called for nobody: at no look, after no redirect, by no name."""

import asyncio

import pytest

from portal.monitors.health import Outcome
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from tests.monitors.kinds.hearing import METADATA, Named, http
from tests.monitors.kinds.looks import ANYWHERE, look
from tests.monitors.servers import serving

pytestmark = pytest.mark.process
SPELLED = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "100.100.100.200",
    "168.63.129.16",
    "metadata.google.internal",
    "Metadata.Google.Internal.",
    "metadata",
]


@pytest.mark.parametrize("host", SPELLED)
def test_metadata_is_called_for_nobody_at_no_look(host: str):
    url = f"http://{host}/latest/meta-data/"
    for given in (
        {},
        {"is_free": True},
        {"targets": Targets()},
        {"targets": Targets(), "is_free": True},
    ):
        found = look(Kind.HTTP, url=url, **given)
        assert (found.outcome, found.detail) == (Outcome.UNKNOWN, METADATA)
    for kind, address in ((Kind.WEBSOCKET, f"ws{url[4:]}"), (Kind.PROMETHEUS, url)):
        more = {"query": "up", "condition": "== 1"} if kind is Kind.PROMETHEUS else {}
        found = look(kind, url=address, is_free=True, **more)
        assert (found.outcome, found.detail) == (Outcome.UNKNOWN, METADATA)


@pytest.mark.parametrize("host", SPELLED)
def test_metadata_is_not_called_after_a_redirect_either(host: str):
    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        there = f"Location: http://{host}/latest/\r\n\r\n"
        writer.write(b"HTTP/1.1 307 There\r\nContent-Length: 0\r\n" + there.encode())

    with serving(lead) as port:
        for is_free in (False, True):
            url = f"http://127.0.0.1:{port}/"
            found = look(Kind.HTTP, url=url, targets=ANYWHERE, is_free=is_free)
            assert (found.outcome, found.detail) == (Outcome.UNKNOWN, METADATA)


def test_a_name_that_leads_to_metadata_is_called_for_nobody(named: Named):
    for address in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200"):
        named("93.184.216.34", address)
        found = http(80, is_free=True)
        assert (found.outcome, found.detail) == (Outcome.UNKNOWN, METADATA)
