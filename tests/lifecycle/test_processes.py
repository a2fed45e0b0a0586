"""Processes told apart also where a number was given out again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.lifecycle import processes
from portal.lifecycle.processes import Process

pytestmark = pytest.mark.process


@pytest.fixture
def asleep() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing until it is ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_process_is_alive_until_it_ends_and_its_number_is_not_enough(
    asleep: subprocess.Popen[bytes],
):
    found = processes.of(asleep.pid)
    assert found is not None
    assert found.is_alive
    assert not Process(found.pid, found.started - 1).is_alive, "the number was given out again"
    asleep.kill()
    os.waitid(os.P_PID, asleep.pid, os.WEXITED | os.WNOWAIT)
    assert not found.is_alive, "a zombie"
    asleep.wait()
    assert not found.is_alive
    assert processes.this().is_alive


def test_the_server_of_a_forked_worker_is_the_one_that_forked_it(tmp_path: Path):
    program = tmp_path / "server.py"
    program.write_text(
        "import os\nfrom portal.lifecycle import processes\n"
        "own = processes.this()\n"
        "assert processes.server() == own\n"
        "if os.fork() == 0:\n"
        "    os._exit(0 if processes.server() == own else 1)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    )
    done = subprocess.run([sys.executable, str(program)], check=False, cwd=Path.cwd())
    assert done.returncode == 0
