"""TLS against certificates as they come, in OpenSSL's own server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from tests.monitors import servers
from tests.monitors.certificates import Authority, Pair
from tests.monitors.kinds import programs
from tests.monitors.kinds.looks import look
from tests.monitors.servers import saying, serving
from tests.patience import until
from tests.ports import free_port

pytestmark = pytest.mark.process


def tls(port: int, **given: object) -> Look:
    return look(Kind.TLS, host="127.0.0.1", port=port, **given)


def https(port: int, **given: object) -> Look:
    return look(Kind.HTTP, url=f"https://127.0.0.1:{port}/", **given)


@contextmanager
def shaking(folder: Path, pair: Pair, *options: str) -> Iterator[int]:
    """A server that shakes hands with a certificate, and has a page for who asks for one."""
    port = free_port()
    files = ["-cert", str(pair.certificate), "-key", str(pair.key)]
    arguments = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", *files, *options]
    with programs.running(arguments, folder):
        until(lambda: look(Kind.TCP, host="127.0.0.1", port=port).outcome is Outcome.UP)
        yield port


def test_tls_that_is_well(authority: Authority, tmp_path: Path):
    with shaking(tmp_path, authority.issue("one")) as port:
        found, asked = tls(port), https(port)
        soon = tls(port, certificate_days=90)
        named = tls(port, serverName="localhost")
    assert (found.outcome, found.detail) == (Outcome.UP, "TLSv1.3")
    assert asked.outcome is named.outcome is Outcome.UP
    assert "tls" in found.trace.phases
    assert "tls" in asked.trace.phases
    assert found.trace.certificate_expires_at is not None
    said = "The certificate ends in 59 days"
    assert (soon.outcome, soon.detail) == (Outcome.DEGRADED, said)


@pytest.mark.parametrize(
    ("host", "days", "own", "said"),
    [
        ("localhost", -1, False, "Certificate: certificate has expired"),
        ("localhost", 60, True, "Certificate: self-signed certificate"),
        ("other.example", 60, False, "Certificate: IP address mismatch"),
    ],
)
def test_tls_that_is_wrong(
    authority: Authority, tmp_path: Path, host: str, days: int, own: bool, said: str
):
    with shaking(tmp_path, authority.issue("one", host, days=days, own=own)) as port:
        for found in (tls(port), https(port)):
            assert found.outcome is Outcome.DOWN
            assert found.detail.startswith(said)
        for careless in (tls(port, verifyTls=False), https(port, verifyTls=False)):
            assert careless.outcome is Outcome.UP
            assert careless.trace.certificate_expires_at is not None


def test_tls_of_another_name(authority: Authority, tmp_path: Path):
    with shaking(tmp_path, authority.issue("one", "other.example")) as port:
        assert tls(port, serverName="other.example").outcome is Outcome.UP
        found = tls(port, serverName="third.example")
    assert found.detail.startswith("Certificate: Hostname mismatch")


def test_tls_of_long_ago(authority: Authority, tmp_path: Path):
    old = ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    with shaking(tmp_path, authority.issue("one"), *old) as port:
        found = tls(port)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("TLS: ")


def test_tls_that_is_slow():
    with serving(servers.silence) as port:
        found = tls(port, timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.DOWN, "No answer within 1 s")
    assert found.trace.cut_in == "tls"


def test_tls_that_is_dead():
    found = tls(free_port())
    assert (found.outcome, found.detail) == (Outcome.DOWN, "Connection refused")


def test_tls_where_none_is_spoken():
    with serving(saying(b"hello\r\n", asks=False)) as port:
        found = tls(port)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("TLS: ")
