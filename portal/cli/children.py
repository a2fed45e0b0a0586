"""The processes below `portal serve`: forked from it, or begun as programs of their own.

A fork shares the memory of what is loaded and costs a hundredth of a start. The process that
forks has no threads and no connections, or its children would inherit locks that nobody opens.
"""

import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

import structlog

_log = structlog.get_logger()
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
LIVED_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Libraries of macOS do not survive a fork.
CAN_FORK = sys.platform == "linux"
# prctl(2)
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


class Process(Protocol):
    """What of `subprocess.Popen` is used here."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


@dataclass
class Done:
    """A process that has ended already."""

    returncode: int | None
    pid: int = 0

    def poll(self) -> int | None:
        return self.returncode

    def terminate(self) -> None:
        return

    def wait(self, timeout: float | None = None) -> int:
        return self.returncode or 0


class Forked:
    """A forked child of this process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                # Where the signal of their end is ignored, the system forgets how they ended.
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; `subprocess.TimeoutExpired` when it still runs after `timeout` seconds."""
        ends = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if ends is not None and time.monotonic() > ends:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(POLL_SECONDS)
        return code


def fork(name: str, run: Callable[[], object]) -> Forked:
    """Call `run` in a child of this process; what it returns, if a number, is its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # The collector writes to each object that it looks at, and a page that is written to is shared
    # no more. What is loaded by now is never garbage.
    gc.collect()
    gc.freeze()
    # What comes before the child has handlers of its own waits until it has them.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    parent = os.getpid()
    try:
        pid = os.fork()
        if pid == 0:
            _become(name, run, parent)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    return Forked(pid)


def spawn(command: list[str]) -> "subprocess.Popen[bytes]":
    """Begin a program that ends with this process."""
    # A session of its own: Ctrl-C reaches the supervisor alone, which stops them in order.
    return subprocess.Popen(command, start_new_session=True, preexec_fn=end_with_the_parent)


def _become(name: str, run: Callable[[], object], parent: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        end_with_the_parent()
        if os.getppid() != parent:
            os._exit(1)  # it ended before the kernel was asked to tell of that
        be_called(name)
        signal.set_wakeup_fd(-1)
        for number in (*SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        result = run()
        code = result if isinstance(result, int) else 0
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            sys.stderr.write(f"{leaving.code}\n")
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def end_with_the_parent() -> None:
    """Have the kernel tell this process to stop when its parent is gone, however it went.

    Otherwise a supervisor that was killed would leave the port taken. Linux alone knows this.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def be_called(name: str) -> None:
    """The name of this process in `ps -o comm` and `top`, of at most 15 characters."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


@dataclass
class Child:
    """A process with how often it died soon; `due` is when it may come back."""

    name: str
    begin: Callable[[], Process]
    process: Process | None = None
    begun: float = 0.0
    failures: int = 0
    due: float = 0.0

    def start(self) -> None:
        self.process = self.begin()
        self.begun = time.monotonic()

    def supervise(self) -> None:
        """Bring it back when it has died and its time has come."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            code, self.process = self.process.returncode, None
            self.failures = 0 if now - self.begun > LIVED_SECONDS else self.failures + 1
            wait = min(FIRST_BACKOFF_SECONDS * 2 ** (self.failures - 1), LONGEST_BACKOFF_SECONDS)
            self.due = now + (wait if self.failures else 0.0)
            _log.error("serve.process_died", name=self.name, code=code, failures=self.failures)
        if self.process is None and now >= self.due:
            self.start()

    def stop(self, *, at_once: bool = False) -> None:
        """End it, in order or at once; returns when it is gone."""
        if self.process is None or self.process.poll() is not None:
            return
        if not at_once:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
                return
            except subprocess.TimeoutExpired:
                _log.error("serve.process_hangs", name=self.name)
        # With its own children: they are in its session, and nobody else would end them.
        _kill_group(self.process.pid)
        self.process.wait()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
