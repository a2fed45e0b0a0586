"""Keeps the processes of `portal serve` up, and takes them down in order.

A process that dies comes back, later each time it dies soon. SIGTERM drains first; a second one
stops at once, and is recorded as forced. SIGINT is a person at the keyboard: drained, but without
the waits that are for balancers and scrapes.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from portal.cli.children import Child
from portal.lifecycle.drain import Append, Drain, Patience
from portal.lifecycle.phases import Phase
from portal.rooms import Portal

_log = structlog.get_logger()
# While everything runs, where an end or a signal wakes the loop; and while something is on its way.
CALM_EVERY_SECONDS = 1.0
CHECK_SECONDS = 0.2


class SignalPipe:
    """A pipe that is readable when a signal has come, so that a loop sleeps until one does."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        for one in (self._reading, self._writing):
            os.set_blocking(one, False)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def wait(self, seconds: float) -> None:
        """Until the next signal, or so many seconds."""
        select.select([self._reading], [], [], seconds)
        with suppress(BlockingIOError):
            while os.read(self._reading, 512):
                pass

    def ring(self) -> None:
        """As a signal does; from any thread."""
        with suppress(BlockingIOError):
            os.write(self._writing, b"\0")


class ForcedError(Exception):
    """Told to stop twice."""


class Supervisor:
    """The loop of `portal serve`; `step` is called in each round."""

    def __init__(
        self, portal: Portal, children: list[Child], append: Append, step: Callable[[], None]
    ) -> None:
        self._portal = portal
        self._children = children
        self._append = append
        self._step = step
        self._signals: list[int] = []
        self._is_outdated = threading.Event()
        self._pipe = SignalPipe()

    def run(self) -> None:
        """Until told to stop; then everything is down."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _: self._signals.append(got))
        # Without a handler the end of a child would not reach the pipe.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for child in self._children:
            child.start()
        while not self._signals:
            is_calm = all(one.process is not None for one in self._children)
            self._pipe.wait(CALM_EVERY_SECONDS if is_calm else CHECK_SECONDS)
            if self._portal.lifecycle.phases.is_leaving:
                continue
            if self._is_outdated.is_set():
                self._is_outdated.clear()
                self._replace()
            self._step()
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
        self._pipe.ring()

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
