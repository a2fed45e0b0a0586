"""Redis against a real server, plain and over TLS."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors.certificates import Authority
from tests.monitors.kinds import programs
from tests.monitors.kinds.looks import look
from tests.monitors.servers import saying, serving
from tests.patience import until
from tests.ports import free_port

pytestmark = pytest.mark.process


def ask(port: int, **given: object) -> Look:
    return look(Kind.REDIS, host="127.0.0.1", port=port, **given)


@contextmanager
def redis(folder: Path, *options: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    port = free_port()
    arguments = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options]
    with programs.running(arguments, folder, name="redis") as process:
        until(lambda: ask(port).detail == "PONG", what="the start")
        yield process, port


def test_redis_that_is_well(tmp_path: Path, authority: Authority):
    pair, tls = authority.issue("redis"), free_port()
    files = ["--tls-cert-file", str(pair.certificate), "--tls-key-file", str(pair.key)]
    options = ["--tls-port", str(tls), "--tls-auth-clients", "no", *files]
    with redis(tmp_path, *options) as (_, port):
        assert ask(port).detail == "PONG"
        found = ask(tls, tls=True)
        assert (found.outcome, found.detail) == (Outcome.UP, "PONG")
        assert found.trace.certificate_expires_at is not None


def test_redis_that_is_wrong(tmp_path: Path):
    signed = {"password": "top-secret"}
    with redis(tmp_path) as (_, port), Redis(port=port) as client:
        client.config_set("requirepass", "top-secret")
        refused = ask(port)
        assert refused.outcome is Outcome.DOWN
        assert refused.detail == "Answered NOAUTH Authentication required., expected PONG"
        wrong = ask(port, credentials={"password": "other"})
        assert wrong.detail.startswith("Answered WRONGPASS")
        assert "other" not in str(wrong.evidence())
        assert ask(port, credentials=signed).detail == "PONG"
    with serving(saying(b"x" * 100_000, asks=False)) as port:
        assert ask(port).detail == "A line of the answer is too long"


def test_redis_that_is_slow(tmp_path: Path):
    with redis(tmp_path) as (process, port):
        with programs.stopped(process):
            found = ask(port, timeout_seconds=1)
        assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")
        assert ask(port).outcome is Outcome.UP


def test_redis_that_is_dead(tmp_path: Path):
    with redis(tmp_path) as (_, port):
        pass
    found = ask(port)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "Connection refused")
