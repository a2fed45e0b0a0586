"""Keeps the processes of `portal serve` up, and takes them down in order.

A process that dies comes back, later each time it dies soon. SIGTERM drains first; a second one
stops at once, and is recorded as forced. SIGINT is a person at the keyboard: drained, but without
the waits that are for balancers and scrapes.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace

import structlog

from portal.lifecycle.drain import Append, Drain, Patience
from portal.lifecycle.phases import Phase
from portal.rooms import Portal

_log = structlog.get_logger()
CHECK_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1  # prctl(2)
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
LIVED_SECONDS = 60.0
STOP_SECONDS = 20.0


class ForcedError(Exception):
    """Told to stop twice."""


@dataclass
class Child:
    """A process with how often it died soon; `due` is when it may come back."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    failures: int = 0
    due: float = 0.0

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, which stops them in order.
        self.process = subprocess.Popen(
            self.command, start_new_session=True, preexec_fn=_end_with_the_supervisor
        )
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


class Supervisor:
    """The loop of `portal serve`."""

    def __init__(self, portal: Portal, children: list[Child], append: Append) -> None:
        self._portal = portal
        self._children = children
        self._append = append
        self._signals: list[int] = []
        self._is_outdated = threading.Event()

    def run(self) -> None:
        """Until told to stop; then everything is down."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _: self._signals.append(got))
        for child in self._children:
            child.start()
        while not self._signals:
            time.sleep(CHECK_SECONDS)
            if self._portal.lifecycle.phases.is_leaving:
                continue
            if self._is_outdated.is_set():
                self._is_outdated.clear()
                self._replace()
            for child in self._children:
                child.supervise()
        try:
            if self._portal.lifecycle.phases.current() is not Phase.CLOSING:
                self._drain()
        except ForcedError:
            self._append("runtime.shutdown.forced", by="signal")
        at_once = len(self._signals) > 1
        for child in reversed(self._children):
            child.stop(at_once=at_once)

    def outdate(self) -> None:
        """Replace the processes by new ones at the next step of the loop; from any thread."""
        self._is_outdated.set()

    def _replace(self) -> None:
        for child in reversed(self._children):
            child.stop()
        for child in self._children:
            child.start()

    def _drain(self) -> None:
        patience = Patience(
            queues=0.0,
            delay=self._portal.core.settings.drain_delay.total_seconds(),
            linger=self._portal.core.settings.drain_linger.total_seconds(),
        )
        if self._signals[0] == signal.SIGINT:
            patience = replace(patience, delay=0.0, linger=0.0)
        way_out = Drain(
            self._portal.lifecycle.phases,
            self._portal.runtime.node,
            workers=self._portal.runtime.workers.all,
            append=self._append,
            pause=self._pause,
            say=lambda text: _log.info("serve.draining", text=text),
        )
        # Who runs the service has decided; what waits in queues is kept there.
        way_out.run(by="signal", why="told to stop", patience=patience, is_forced=True)

    def _pause(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if len(self._signals) > 1:
                raise ForcedError
            time.sleep(min(0.1, max(0.0, ends - time.monotonic())))


def _end_with_the_supervisor() -> None:
    """In the child: have the kernel tell it to stop when the supervisor is gone, however it went.

    Otherwise a supervisor that was killed would leave the port taken. Linux alone knows this.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
