"""The reference proves the node's own way out: without it a failure says nothing."""

import asyncio

import pytest

from portal.monitors.credentials import Credentials
from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.recorder import Recorder
from portal.monitors.reference import Reference
from portal.monitors.targets import Targets
from portal.monitors.watch import Watch
from portal.monitors.watched import Watched, plan_of
from portal.settings.monitors import Endpoint
from tests.clocks import StandingClock
from tests.monitors import servers
from tests.monitors.servers import serving
from tests.patience import until
from tests.ports import free_port

pytestmark = pytest.mark.process


def endpoint(port: int) -> Endpoint:
    return Endpoint("127.0.0.1", port)


def found(port: int, *references: int) -> Look:
    """What a watch finds at a port."""
    row = Monitor(
        id=1, slug="home", kind=Kind.TCP, config={"host": "127.0.0.1", "port": port},
        timeout_seconds=2, is_inverted=False, latency_limit_ms=None, certificate_days=0,
        is_free=True, credentials=None, interval_seconds=60, down_count=2, down_of=3, up_after=1,
    )  # fmt: skip
    watch = Watch(
        Recorder(lambda: None, "node-a", []),  # type: ignore[arg-type, return-value]
        Credentials(("a key",)),
        Targets(),
        reference=tuple(endpoint(one) for one in references),
    )

    async def look() -> Look:
        try:
            return await watch.look(Watched(row, plan_of(row), row.rule))
        finally:
            await watch.stop()

    return asyncio.run(look())


def test_a_failure_counts_while_one_reference_is_there():
    with serving(servers.silence) as there:
        look = found(free_port(), free_port(), there)
        assert (look.outcome, look.detail) == (Outcome.DOWN, "Connection refused")
        assert found(there, free_port()).outcome is Outcome.UP
    assert found(free_port()).outcome is Outcome.DOWN, "without a reference nobody can tell"


def test_a_node_that_is_offline_says_so_and_nothing_of_the_target():
    look = found(free_port(), free_port(), free_port())
    said = "This node is offline (Connection refused)"
    assert (look.outcome, look.detail, look.ms) == (Outcome.UNKNOWN, said, None)


def test_it_is_asked_once_for_all_that_fail_at_once(still: StandingClock):
    asked: list[int] = []

    async def count(*_: object) -> None:
        asked.append(1)

    with serving(count) as port:

        async def ask() -> list[bool]:
            reference = Reference((endpoint(port),), Targets())
            first = await asyncio.gather(*(reference.is_offline() for _ in range(50)))
            still.advance(seconds=6)
            return [*first, await reference.is_offline()]

        assert not any(asyncio.run(ask()))
        # The server hears of a connection after who made it.
        until(lambda: len(asked) >= 2, what="both connections")
    assert len(asked) == 2


def test_without_one_nothing_is_asked():
    assert asyncio.run(Reference((), Targets()).is_offline()) is False
