"""Names that lead inward, today or tomorrow, and name servers that say nothing."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from portal.settings import monitors as values
from tests.monitors.kinds.looks import ANYWHERE, OK, look
from tests.monitors.servers import Handler, serving

pytestmark = pytest.mark.process
NAME = "shop.example"
Named = Callable[..., None]
# Each kind that is aimed at a host, and what else it wants to know.
AIMED: dict[Kind, dict[str, object]] = {
    Kind.TCP: {},
    Kind.TLS: {},
    Kind.SMTP: {},
    Kind.GRPC: {},
    Kind.POSTGRES: {},
    Kind.REDIS: {},
    Kind.PING: {"packets": 1},
}


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Named:
    """What the name stands for from now on."""
    real = asyncio.BaseEventLoop.getaddrinfo

    def stand(*addresses: str) -> None:
        async def found(loop: Any, host: str, port: int, **more: Any) -> list[Any]:
            if host != NAME:
                return list(await real(loop, host, port, **more))
            families = {True: socket.AF_INET6, False: socket.AF_INET}
            return [
                (families[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses
            ]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", found)

    return stand


def hearing(heard: list[int]) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)

    return handle


def http(port: int, **given: object) -> Look:
    return look(Kind.HTTP, url=f"http://{NAME}:{port}/", **given)


def test_a_name_that_leads_inward_is_not_called():
    heard: list[int] = []
    with serving(hearing(heard)) as port:
        found = look(Kind.HTTP, url=f"http://localhost:{port}/", targets=Targets())
    assert found.outcome is Outcome.UNKNOWN
    assert "is not allowed" in found.detail
    assert found.ms is None
    assert not heard


def test_a_name_is_held_against_the_targets_at_each_look(named: Named):
    """That of an operator's monitor changes its mind; that of an admin's is free all the time."""
    heard: list[int] = []
    with serving(hearing(heard)) as port:
        named("127.0.0.1")
        listed = Targets(values.targets("public,127.0.0.0/8"))
        assert http(port, targets=listed).outcome is Outcome.UP
        assert http(port, targets=Targets(), is_free=True).outcome is Outcome.UP
        assert len(heard) == 2
        for addresses in (
            ("127.0.0.1",),
            ("::1",),
            ("::ffff:127.0.0.1",),
            ("10.0.0.1",),
            # One public address among them makes the others no better.
            ("93.184.216.34", "127.0.0.1"),
        ):
            named(*addresses)
            found = http(port, targets=Targets(), timeout_seconds=2)
            assert found.outcome is Outcome.UNKNOWN, addresses
            assert "is not allowed" in found.detail
        assert len(heard) == 2


@pytest.mark.parametrize("kind", AIMED)
def test_each_kind_is_held_to_the_targets(named: Named, kind: Kind):
    given = AIMED[kind] | ({} if kind is Kind.PING else {"port": 1})
    named("127.0.0.1")
    found = look(kind, host=NAME, targets=Targets(), **given)
    assert found.outcome is Outcome.UNKNOWN
    assert "is not allowed" in found.detail
    named("169.254.169.254")
    found = look(kind, host=NAME, is_free=True, **given)
    assert (found.outcome, found.detail) == (Outcome.UNKNOWN, METADATA)


METADATA = "The metadata services of clouds are never called."
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


def test_a_name_server_that_says_nothing_is_not_the_targets_fault(monkeypatch: pytest.MonkeyPatch):
    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", wait)
    found = look(Kind.HTTP, url="http://h.example/", timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.UNKNOWN, "No name within 1 s")
    assert found.ms is None
