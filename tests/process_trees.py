"""The processes below one, by name, and the memory that they take."""

import os
import subprocess
from pathlib import Path

from tests.processes import Served


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def memory_by_kind(pid: int) -> dict[str, int]:
    """Kilobytes of a process as Linux tells them, such as `Pss` and `Private_Dirty`."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def children(pid: int) -> dict[int, str]:
    """Processes right below one, with their command lines."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    lines = [line.split(None, 1) for line in listing.splitlines()]
    return {int(one): command for one, command in lines}


def named(pid: int, name: str) -> list[int]:
    """Processes right below one that are called so, as `top` shows them."""
    return [one for one in children(pid) if _name_of(one) == name]


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def web_processes(served: Served) -> list[int]:
    """The processes that answer requests: below the web server, below `portal serve`."""
    assert served.process is not None
    fronts = named(served.process.pid, "portal front")
    return [pid for front in fronts for pid in named(front, "portal web")]
