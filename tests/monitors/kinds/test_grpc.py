"""gRPC against a real server, plain and over TLS."""

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors.grpc_server import grpc_health
from tests.monitors.kinds.looks import OK, look
from tests.monitors.servers import saying, serving

pytestmark = pytest.mark.process


def ask(port: int, **given: object) -> Look:
    return look(Kind.GRPC, host="127.0.0.1", port=port, **given)


def test_grpc_that_is_well():
    with grpc_health({"": 1, "shop": 1}) as port:
        assert ask(port).detail == "SERVING"
        found = ask(port, service="shop")
    assert (found.outcome, found.detail) == (Outcome.UP, "SERVING")


def test_grpc_that_is_wrong():
    with grpc_health({"": 2, "odd": 0}) as port:
        found = ask(port)
        assert (found.outcome, found.detail) == (Outcome.DOWN, "NOT_SERVING")
        assert ask(port, service="odd").detail == "UNKNOWN"
        unknown = ask(port, service="x" * 150)
        assert unknown.detail == "NOT_FOUND: unknown service"
        assert ask(port, tls=True).detail.startswith("TLS: ")
    with serving(saying(OK, asks=False)) as port:
        assert ask(port, timeout_seconds=2).outcome is Outcome.DOWN


def test_grpc_that_is_slow():
    with grpc_health({"": 1}, slow=0.05) as port:
        assert ask(port, latency_limit_ms=20).outcome is Outcome.DEGRADED
    with grpc_health({"": 1}, slow=60) as port:
        found = ask(port, timeout_seconds=1)
    assert found.outcome is Outcome.DOWN
    assert "within 1 s" in found.detail or found.detail.startswith("DEADLINE_EXCEEDED")


def test_grpc_that_is_dead():
    with grpc_health({"": 1}) as port:
        assert ask(port).outcome is Outcome.UP
    found = ask(port)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("UNAVAILABLE")
