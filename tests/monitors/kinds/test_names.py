"""Names that lead inward, today or tomorrow, and name servers that say nothing."""

import asyncio

import pytest

from portal.monitors.health import Outcome
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from portal.settings import monitors as values
from tests.monitors.kinds.hearing import METADATA, NAME, Named, hearing, http
from tests.monitors.kinds.looks import look
from tests.monitors.servers import serving

pytestmark = pytest.mark.process
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


def test_a_name_server_that_says_nothing_is_not_the_targets_fault(monkeypatch: pytest.MonkeyPatch):
    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", wait)
    found = look(Kind.HTTP, url="http://h.example/", timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.UNKNOWN, "No name within 1 s")
    assert found.ms is None
