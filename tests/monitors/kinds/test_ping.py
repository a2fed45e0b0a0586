"""Ping, in networks of the test's own where nobody answers, or late."""

import json
import subprocess
import sys

import pytest

from portal.monitors.health import Outcome
from portal.monitors.monitor import Kind
from tests.monitors.kinds.looks import look
from tests.patience import has
from tests.processes import ROOT

pytestmark = pytest.mark.process
IGNORED = "echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all"


def can_ping() -> bool:
    """Whether the system lets us; where it does not, a look says what to do about it."""
    found = look(Kind.PING, host="127.0.0.1", packets=1)
    if found.outcome is Outcome.UNKNOWN:
        assert "ping_group_range" in found.detail
        return False
    return True


def within(change: str, host: str = "127.0.0.1", **given: object) -> dict[str, object]:
    """A look from a network of its own, in which only loopback is there and something was done."""
    code = (
        "import json; from tests.monitors.kinds.looks import look;"
        f" found = look('ping', host={host!r}, **{given!r}); print(json.dumps(found.evidence()))"
    )
    shell = f'ip link set lo up; {change or ":"}; exec {sys.executable} -c "$0"'
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", shell, code],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr or "Read-only" in done.stderr:
        pytest.skip("no network of one's own here")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


needs_network = pytest.mark.skipif(not (has("unshare") and has("ip")), reason="no ip")


def test_ping_that_is_well():
    if can_ping():
        found = look(Kind.PING, host="127.0.0.1", packets=3, timeout_seconds=3)
        assert found.detail.startswith("3 of 3 packets")
        # What is told is how fast they came back, without the waits between them.
        assert found.ms == pytest.approx(float(found.detail.split()[-2]), abs=0.1)


def test_ping_that_is_wrong():
    # A host that has no address in the family, or none at all.
    found = look(Kind.PING, host="no-such-host.invalid", packets=1)
    assert found.outcome in (Outcome.DOWN, Outcome.UNKNOWN)


@needs_network
def test_ping_that_is_slow():
    if can_ping():
        found = within(IGNORED, packets=2, timeout_seconds=2)
        assert (found["outcome"], found["detail"]) == ("down", "100 % of the packets were lost")


@needs_network
def test_ping_that_is_dead():
    if can_ping():
        found = within("ip link set lo down", packets=1, timeout_seconds=2)
        assert found["outcome"] == "down"
