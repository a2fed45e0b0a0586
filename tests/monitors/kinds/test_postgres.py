"""PostgreSQL against a real server."""

from urllib.parse import parse_qs, urlsplit

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors import servers
from tests.monitors.kinds.looks import OK, look
from tests.monitors.servers import saying, serving
from tests.ports import free_port

pytestmark = pytest.mark.process


def ask(port: int, **given: object) -> Look:
    return look(Kind.POSTGRES, host="127.0.0.1", port=port, **{"sslMode": "disable", **given})


@pytest.fixture
def path(postgres: str) -> str:
    """The socket of the server."""
    return f"{parse_qs(urlsplit(postgres).query)['host'][0]}/.s.PGSQL.5432"


def test_postgres_that_is_well(path: str):
    with servers.forwarding(path) as port:
        found = ask(port)
        assert found.outcome is Outcome.UP, found.detail
        assert found.detail.startswith("PostgreSQL ")
        assert ask(port, sslMode="prefer").outcome is Outcome.UP


def test_postgres_that_is_wrong(path: str):
    with servers.forwarding(path) as port:
        for given, said in (
            ({"database": "nothing-here"}, 'database "nothing-here" does not exist'),
            ({"username": "nobody-here"}, 'role "nobody-here" does not exist'),
            ({"sslMode": "require"}, "server does not support SSL, but SSL was required"),
        ):
            found = ask(port, **given)
            assert (found.outcome, found.detail) == (Outcome.DOWN, said)
    with serving(saying(OK, asks=False)) as port:
        assert ask(port).outcome is Outcome.DOWN


def test_postgres_that_is_slow(path: str):
    with servers.forwarding(path, slow=0.05) as port:
        found = ask(port, latency_limit_ms=50)
        assert found.outcome is Outcome.DEGRADED
        assert found.detail.endswith("limit 50 ms")
    with servers.forwarding(path, slow=60) as port:
        found = ask(port, timeout_seconds=2)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 2 s")


def test_postgres_that_is_dead():
    found = ask(free_port())
    assert found.outcome is Outcome.DOWN
    assert "Connection refused" in found.detail
