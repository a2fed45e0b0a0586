"""Processes that `portal serve` forks: how they end, and what they take along."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from portal.cli import children
from tests.commands import bare_environ
from tests.patience import until
from tests.ports import free_port
from tests.process_trees import named
from tests.processes import ROOT

pytestmark = pytest.mark.process


def run(program: str) -> "subprocess.CompletedProcess[str]":
    """A program of its own: this process has threads, and does not fork."""
    begin = "import os, signal, sys, time\nfrom portal.cli import children\n"
    return subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(program)],
        cwd=ROOT,
        env=bare_environ(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def test_what_it_returns_or_says_is_its_exit_code():
    done = run("""
        def fail():
            raise ValueError("of the child")

        print("before")
        for what in (lambda: None, lambda: 3, lambda: sys.exit("a sentence"), fail):
            print(children.fork("portal test", what).wait(30))
    """)
    assert done.stdout.split() == ["before", "0", "3", "1", "1"]
    assert "a sentence" in done.stderr
    assert "ValueError: of the child" in done.stderr


def test_it_obeys_a_signal_that_its_parent_has_a_handler_for():
    done = run("""
        told = []
        signal.signal(signal.SIGTERM, lambda *_: told.append(1))
        made = children.fork("portal test", lambda: time.sleep(60))
        made.terminate()
        print(made.wait(30), told)
    """)
    assert done.stdout.split() == [str(-signal.SIGTERM), "[]"]


def test_one_that_does_not_end_in_time_says_so():
    done = run("""
        import subprocess
        made = children.fork("portal test", lambda: time.sleep(60))
        try:
            made.wait(0.05)
        except subprocess.TimeoutExpired:
            print("late")
        made.terminate()
        print(made.wait(30), made.poll())
    """)
    assert done.stdout.split() == ["late", "-15", "-15"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a process of this")
def test_it_ends_with_its_parent_and_has_a_name():
    program = (
        "import time\nfrom portal.cli import children\n"
        "children.fork('portal test', lambda: time.sleep(60))\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=bare_environ())
    try:
        (child,) = until(lambda: named(parent.pid, "portal test"), what="the child")
    finally:
        parent.kill()
        parent.wait(30)
    until(lambda: not os.path.exists(f"/proc/{child}") or _is_zombie(child), what="its end")


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells what is open")
def test_it_does_not_hold_what_its_parent_holds_for_the_node(tmp_path: Path):
    done = run(f"""
        from pathlib import Path
        from portal.lifecycle import serving

        def held():
            own = Path("/proc/self/fd")
            names = [os.readlink(one) for one in own.iterdir() if one.exists()]
            print(sum("serve.lock" in one or "socket" in one for one in names))

        with serving.alone(Path({str(tmp_path)!r}), "serve"):
            claimed = serving.claim("127.0.0.1:{free_port()}")
            held()
            children.fork("portal test", held).wait(30)
    """)
    assert done.stdout.split() == ["2", "0"]


def test_what_has_ended_already_is_a_process_too():
    done = children.Done(3)
    done.terminate()
    assert (done.poll(), done.wait(1.0)) == (3, 3)
    child = children.Child("prepare", lambda: children.Done(0))
    child.start()
    begun = time.monotonic()
    child.stop()
    assert time.monotonic() - begun < children.STOP_SECONDS
