"""DNS against dnsmasq, and against name servers that are mute, that lie or that forge."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.monitors.health import Outcome
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from tests.monitors.kinds import programs
from tests.monitors.kinds.looks import look
from tests.monitors.name_server import name_server
from tests.patience import until
from tests.ports import free_port

pytestmark = pytest.mark.process
RECORDS = {
    ("example.test", "A"): ["192.0.2.1", "192.0.2.2"],
    ("example.test", "TXT"): ['"v=spf1 -all"'],
    ("example.test", "MX"): ["10 mail.example.test."],
}


def dns(port: int, name: str = "example.test", **given: object) -> Look:
    return look(Kind.DNS, host=name, resolver=f"127.0.0.1:{port}", **given)


@contextmanager
def dnsmasq(folder: Path, *records: str) -> Iterator[tuple[object, int]]:
    """A name server that knows these records and asks no other."""
    port = free_port()
    arguments = [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
        "--pid-file", "--user=", "--bind-interfaces", "--listen-address=127.0.0.1",
        f"--port={port}", *records,
    ]  # fmt: skip
    with programs.running(arguments, folder) as process:
        until(lambda: look(Kind.TCP, host="127.0.0.1", port=port).outcome is Outcome.UP)
        yield process, port


@pytest.fixture
def real(tmp_path: Path) -> Iterator[tuple[object, int]]:
    long = [f"--txt-record=long.example.test,{'x' * 200}{number}" for number in range(20)]
    with dnsmasq(
        tmp_path,
        "--local=/example.test/",
        "--host-record=example.test,192.0.2.1,2001:db8::1",
        "--txt-record=example.test,v=spf1 -all",
        "--mx-host=example.test,mail.example.test,10",
        "--cname=www.example.test,example.test",
        *long,
    ) as found:
        yield found


def test_dns_that_is_well(real: tuple[object, int]):
    _, port = real
    assert dns(port).detail == "192.0.2.1"
    assert dns(port, recordType="AAAA", expectedAnswers=["2001:db8::1"]).outcome is Outcome.UP
    mail = dns(port, recordType="MX", expectedAnswers=["10 MAIL.example.test"])
    assert mail.outcome is Outcome.UP
    assert dns(port, recordType="TXT", expectedAnswers=["v=spf1 -all"]).outcome is Outcome.UP
    assert dns(port, "www.example.test", expectedAnswers=["192.0.2.1"]).outcome is Outcome.UP
    gone = dns(port, "nothing.example.test", expectedCode="NXDOMAIN")
    assert gone.outcome is Outcome.UP
    # Too long for a packet: asked again over TCP.
    found = dns(port, "long.example.test", recordType="TXT")
    assert (found.outcome, len(found.trace.lines)) == (Outcome.UP, 12)


def test_dns_that_is_wrong(real: tuple[object, int], tmp_path: Path):
    _, port = real
    found = dns(port, expectedAnswers=["192.0.2.1", "192.0.2.2"])
    said = "Answered 192.0.2.1, expected 192.0.2.1, 192.0.2.2"
    assert (found.outcome, found.detail) == (Outcome.DOWN, said)
    assert dns(port, recordType="SRV").detail == "No SRV record"
    assert dns(port, "nothing.example.test").detail == "NXDOMAIN, expected NOERROR"
    # It asks no other, and says so.
    assert dns(port, "elsewhere.test").detail == "REFUSED, expected NOERROR"
    with name_server(RECORDS) as second:
        assert dns(second, expectedAnswers=["192.0.2.1"]).outcome is Outcome.DOWN
        both = ["192.0.2.2", "192.0.2.1"]
        assert dns(second, expectedAnswers=both).outcome is Outcome.UP


def test_dns_that_lies(tmp_path: Path):
    with dnsmasq(tmp_path, "--address=/#/198.51.100.7") as (_, port):
        found = dns(port, expectedAnswers=["192.0.2.1"])
        assert found.outcome is Outcome.DOWN
        assert found.detail == "Answered 198.51.100.7, expected 192.0.2.1"
        gone = dns(port, "nothing.example.test", expectedCode="NXDOMAIN")
        assert gone.detail == "NOERROR, expected NXDOMAIN"


def test_dns_that_is_slow(real: tuple[object, int]):
    process, port = real
    with programs.stopped(process):
        found = dns(port, timeout_seconds=1)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("No answer")
    assert dns(port).outcome is Outcome.UP


def test_dns_that_is_dead(tmp_path: Path):
    with dnsmasq(tmp_path, "--host-record=example.test,192.0.2.1") as (_, port):
        assert dns(port).outcome is Outcome.UP
    found = dns(port, timeout_seconds=1)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("No answer")


@pytest.mark.parametrize("forged", ["id", "question"])
def test_an_answer_to_something_else_is_none(forged: str):
    with name_server(RECORDS, forged=forged) as port:
        found = dns(port, timeout_seconds=1)
    assert found.outcome is Outcome.DOWN
    assert found.detail.startswith("No answer")


def test_a_resolver_in_the_own_network_is_not_asked():
    with name_server(RECORDS) as port:
        found = look(Kind.DNS, host="example.test", resolver=f"127.0.0.1:{port}", targets=Targets())
    assert found.outcome is Outcome.UNKNOWN
