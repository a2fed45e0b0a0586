"""One `portal serve` on a data folder, and one on an address.

The kernel keeps both: a lock on a file in the folder, and a socket that is bound to the address.
Both end with their process, however it ends, so that nothing is left in the way of the next.
"""

import errno
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from portal.lifecycle import processes
from portal.lifecycle.processes import Process

LOCK = "serve.lock"
SERVE, RESTORE = "serve", "restore"
# Who only looks whether the lock is held holds it for a moment.
TRIES, PAUSE_SECONDS = 10, 0.05
# What a killed `portal serve` leaves running ends by itself, after this time at most.
REMAINS_SECONDS = 20.0


class TakenError(Exception):
    """The folder or the address cannot be had; the text says why and what to do."""


@contextmanager
def alone(folder: Path, command: str) -> Iterator[bool]:
    """Hold the data folder for one command; whether the last holder was killed.

    TakenError when another holds it, or when the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise TakenError(f"The data folder {folder} cannot be used: {error.strerror}.") from error
    with open(descriptor, "r+", encoding="utf-8") as file:
        _lock(file, folder)
        # A lock belongs to all who have the file open: those below, too, would hold it.
        os.register_at_fork(after_in_child=file.close)
        was_killed = bool(file.read())
        _write(file, json.dumps({"command": command, **asdict(processes.this())}))
        try:
            yield was_killed
        finally:
            _write(file, "")


def running(folder: Path) -> Process | None:
    """The `portal serve` that holds the data folder; None when none does."""
    try:
        with (folder / LOCK).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                held = json.loads(file.read())
                if held["command"] == SERVE:
                    return Process(held["pid"], held["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def claim(
    bind: str, *, patience: float = 0.0, pause: Callable[[float], None] = time.sleep
) -> socket.socket | None:
    """Take the address for this process and those below it; keep what is returned.

    The socket is bound as the only one of its address, and opened to those of the same user
    afterwards: the web server binds beside it, another `portal serve` cannot. It does not
    listen, so no connection comes to it. None where the kernel does not allow that; the address
    was free then. TakenError when it is not to be had within `patience` seconds.
    """
    ends = time.monotonic() + patience
    while True:
        try:
            return _bound(bind)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= ends:
                raise TakenError(_why(bind, error)) from error
        pause(0.1)


def _bound(bind: str) -> socket.socket | None:
    host, _, port = bind.rpartition(":")
    address = host.strip("[]")
    taken = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        # What is left of closed connections is not in the way; who listens is.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((address, int(port)))
        if sys.platform != "linux":
            taken.close()
            return None
        # Not held by those below either, or it would outlive this process.
        os.register_at_fork(after_in_child=taken.close)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        taken.close()
        raise
    return taken


def _why(bind: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Another program listens on {bind}. Stop it, or set PORTAL_BIND to a free address."
    return f"Cannot listen on {bind}: {error.strerror}. PORTAL_BIND names the address."


def _lock(file: IO[str], folder: Path) -> None:
    for attempt in range(TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(PAUSE_SECONDS)
                continue
            raise TakenError(_held(file, folder)) from None
        except OSError as error:
            raise TakenError(
                f"The data folder {folder} cannot be locked: {error.strerror}."
            ) from error
        return


def _held(file: IO[str], folder: Path) -> str:
    try:
        held = json.loads(file.read())
        who = f"`portal {held['command']}`, process {held['pid']},"
    except (ValueError, KeyError, TypeError):
        who = "Another `portal serve`"
    return (
        f"{who} runs on the data folder {folder}. Stop it first (`portal lifecycle shutdown`), or"
        " set PORTAL_DATA_DIR to another folder."
    )


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
