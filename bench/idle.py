"""`make bench-idle`: what a node costs while nothing happens, beside its budgets.

A node with one web process, on SQLite with the demo's data; the memory is proportional (PSS): what
several processes share counts once.
"""

import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import processor
from bench.serving import answers
from tests.commands import bare_environ
from tests.patience import until
from tests.ports import free_port
from tests.process_trees import memory_by_kind
from tests.processes import ROOT

SETTLED_SECONDS = 15
MEASURED_SECONDS = 60
SIGN_INS = 30


@dataclass(frozen=True)
class Node:
    """A `portal serve` that runs; `statements` is the file with a byte for each."""

    pid: int
    address: str
    statements: Path
    start_cpu_seconds: float
    start_seconds: float

    @property
    def processes(self) -> list[int]:
        """Itself and all below it."""
        return processor.tree(self.pid)

    def megabytes(self) -> dict[str, float]:
        """The proportional memory of each process, by its number and name."""
        return {
            f"{Path(f'/proc/{pid}/comm').read_text().strip()} {pid}": memory_by_kind(pid)["Pss"]
            / 1024
            for pid in self.processes
        }

    def named(self, name: str) -> list[int]:
        """Those of them that are called so, as `top` shows them."""
        return [
            pid for pid in self.processes if Path(f"/proc/{pid}/comm").read_text().strip() == name
        ]

    def cpu_seconds(self) -> float:
        return processor.seconds(self.processes)


@contextmanager
def node(folder: Path) -> Iterator[Node]:
    """A node on the demo's data, which it has found up to date."""
    environ = bare_environ() | {"PORTAL_DATA_DIR": str(folder / "data")}
    for command in (("db", "upgrade"), ("demo",)):
        run(command, environ)
    with serve(folder, environ) as running:
        yield running


@contextmanager
def serve(folder: Path, environ: dict[str, str]) -> Iterator[Node]:
    """`portal serve` on the data that the environment names, with its statements noted."""
    port, statements = free_port(), folder / "statements"
    address = f"http://127.0.0.1:{port}"
    environ = environ | {
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "PORTAL_DRAIN_DELAY": "0",
        "PORTAL_DRAIN_LINGER": "0",
    }
    begun = time.monotonic()
    command = [sys.executable, "-m", "bench.counted", str(statements), "serve"]
    with program(command, environ, folder / "log", f"{address}/api/status") as pid:
        took = time.monotonic() - begun
        made = Node(pid, address, statements, 0.0, took)
        yield Node(pid, address, statements, made.cpu_seconds(), took)


@dataclass(frozen=True)
class Rest:
    """What a node does while nothing happens: its share of a core, and statements a second."""

    share: float
    statements: float


def at_rest(running: Node) -> Rest:
    """Measured once it has answered each kind of page and settled."""
    for path in ("/", "/history", "/banner"):
        answers(running.address + path)
    time.sleep(SETTLED_SECONDS)
    before, made = running.cpu_seconds(), running.statements.stat().st_size
    time.sleep(MEASURED_SECONDS)
    used = running.cpu_seconds() - before
    made = running.statements.stat().st_size - made
    return Rest(used / MEASURED_SECONDS, made / MEASURED_SECONDS)


@contextmanager
def program(
    command: list[str], environ: dict[str, str], log: Path, url: str, cwd: Path = ROOT
) -> Iterator[int]:
    """A program that runs, from when it answers at an address; gives the number of its process."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environ, cwd=cwd, stdout=stream, stderr=stream)
    try:
        until(lambda: answers(url), what=f"the first answer of {command[0]}")
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def run(command: tuple[str, ...], environ: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "portal", *command],
        env=environ,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def sign_in_badly(address: str) -> None:
    """One sign-in with a wrong password, which costs as much as one with the right one."""
    form = urllib.parse.urlencode({"name": "nobody", "password": "wrong password"}).encode()
    try:
        urllib.request.urlopen(f"{address}/panel/login", form, timeout=60).close()
    except OSError:
        return


def main() -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as name, node(Path(name)) as running:
        table = Table("what", "measured", "budget")
        table.add_row(
            "processor seconds to the first 200", f"{running.start_cpu_seconds:.1f}", "2.5"
        )
        table.add_row("seconds to the first 200", f"{running.start_seconds:.1f}", "2")
        found = at_rest(running)
        table.add_row("share of a core", f"{found.share:.2%}", "0.50%")
        table.add_row("statements a second", f"{found.statements:.1f}", "2")
        memory = running.megabytes()
        for process, megabytes in memory.items():
            table.add_row(f"PSS of {process}, MB", f"{megabytes:.0f}", "")
        table.add_row("PSS of all, MB", f"{sum(memory.values()):.0f}", "150, aim 120")
        with ThreadPoolExecutor(SIGN_INS) as pool:
            list(pool.map(sign_in_badly, [running.address] * SIGN_INS))
        time.sleep(SETTLED_SECONDS)
        more = sum(running.megabytes().values()) - sum(memory.values())
        table.add_row(f"MB more after {SIGN_INS} sign-ins at once", f"{more:.0f}", "25")
        console.print(table)


if __name__ == "__main__":
    main()
