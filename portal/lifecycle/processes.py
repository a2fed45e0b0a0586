"""Processes of this machine, told apart also where a number was given out again."""

import os
from dataclasses import dataclass
from pathlib import Path

_ZOMBIE = "Z"


@dataclass(frozen=True)
class Process:
    """A process by its number and its start, in clock ticks since the machine booted.

    Where the system does not tell when a process began, `started` is 0.
    """

    pid: int
    started: int

    @property
    def is_alive(self) -> bool:
        """Whether this very process is still there; a zombie does nothing any more."""
        return of(self.pid) == self


def this() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return of(pid) or Process(pid, 0)


def of(pid: int) -> Process | None:
    """The living process of that number; None when there is none."""
    try:
        fields = _fields(pid)
    except FileNotFoundError:
        # Linux alone has this file for each process.
        return None if Path("/proc/self/stat").exists() else _asked(pid)
    except OSError:
        return None
    return None if fields[0] == _ZOMBIE else Process(pid, int(fields[19]))


def server() -> Process:
    """The process that this one serves for: the topmost with the same command line.

    Servers such as gunicorn fork their workers, which are replaced while the server goes on.
    """
    pid = os.getpid()
    command = _command(pid)
    while command and _command(parent := _parent(pid)) == command:
        pid = parent
    return of(pid) or this()


def _asked(pid: int) -> Process | None:
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass
    except OSError:
        return None
    return Process(pid, 0)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int:
    try:
        return int(_fields(pid)[1])
    except OSError:
        return 0


def _fields(pid: int) -> list[str]:
    """What Linux tells of a process behind its name, which may hold spaces and brackets."""
    found = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return found.rpartition(")")[2].split()
