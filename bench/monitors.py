"""`make bench-monitors`: a thousand HTTP monitors at 60 s beside none, and the size of a year.

The nodes run one after the other on this machine, with one web process, on SQLite; for the polls
they run side by side. nginx on loopback is what is looked at. Lateness is from when a look was due
to when it began. With `GATUS=/path/to/gatus` it is given the same endpoints, after the portal.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench import gatus, serving
from bench.idle import Node, program, run
from bench.serving import Load, answers
from portal import create_app, rooms
from portal.monitors import figures
from portal.monitors.figures import Figure
from portal.monitors.monitor import Kind
from portal.monitors.results import MonitorResult
from portal.monitors.schemas import MonitorIn
from portal.settings import Settings
from portal.store import engine
from portal.unit_of_work import By
from tests.commands import bare_environ
from tests.patience import until
from tests.ports import free_port

MONITORS, INTERVAL = 1000, 60
SETTLED_SECONDS, MEASURED_SECONDS = 70, 60
OF_A_YEAR, ROUNDS = 100, 5


@dataclass
class Measured:
    """What a node cost; `stopped` is what its watch says of itself when it stops."""

    share: float
    megabytes: float
    looks: int
    stopped: dict[str, Any]


@contextmanager
def target(folder: Path) -> Iterator[str]:
    """An nginx that answers a few bytes."""
    port = free_port()
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{name}_temp_path {folder}/{name};" for name in names)
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;"
        f" events {{}} http {{ access_log off; {folders} server {{ listen 127.0.0.1:{port};"
        " location = /requests { stub_status; }"
        ' location / { default_type text/plain; return 200 "ok"; } } }'
    )
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/"), what="nginx")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def node(folder: Path, url: str, count: int) -> Iterator[Node]:
    """A node with so many monitors."""
    folder.mkdir()
    port = free_port()
    address, log = f"http://127.0.0.1:{port}", folder / "log"
    environ = {
        **bare_environ(),
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "PORTAL_RATE_LIMIT": "100000000/minute",
        "PORTAL_DRAIN_DELAY": "0",
        "PORTAL_DRAIN_LINGER": "0",
    }
    run(("db", "upgrade"), environ)
    fill(folder / "data", url, count)
    command = [sys.executable, "-m", "portal", "serve"]
    with program(command, environ, log, f"{address}/api/status") as pid:
        yield Node(pid, address, log, 0.0, 0.0)


def measured(folder: Path, url: str, count: int, seconds: int) -> Measured:
    """What a node with so many monitors costs while nobody asks it anything."""
    with node(folder, url, count) as running:
        found = observed(running, url, seconds)
    return replace(found, stopped=_stopped(folder / "log"))


def observed(running: Node, url: str, seconds: int) -> Measured:
    """What it costs over some time, once it has settled, and how often it looked meanwhile."""
    time.sleep(SETTLED_SECONDS)
    before, asked = running.cpu_seconds(), requests(url)
    time.sleep(seconds)
    share = (running.cpu_seconds() - before) / seconds
    # The question itself is one of them.
    return Measured(share, sum(running.megabytes().values()), requests(url) - asked - 1, {})


def requests(url: str) -> int:
    """How many requests nginx has had."""
    with urllib.request.urlopen(f"{url}requests", timeout=10) as answer:
        found = re.search(r"^ \d+ \d+ (\d+)", answer.read().decode(), re.MULTILINE)
    assert found
    return int(found[1])


def beside(folder: Path, url: str, count: int, seconds: int) -> Measured | None:
    """What Gatus costs with the same endpoints, where `GATUS` names it."""
    path = gatus.program()
    if path is None:
        return None
    with gatus.node(path, folder, url, count, INTERVAL) as running:
        return observed(running, url, seconds)


def polls(folder: Path, url: str, count: int) -> tuple[Load, Load]:
    """Polls of a node without monitors and of one with them, in turn."""
    with node(folder / "a", url, 0) as none, node(folder / "b", url, count) as many:
        time.sleep(SETTLED_SECONDS / 2)
        rounds = [
            [serving.press(f"{one.address}/api/status") for one in (none, many)]
            for _ in range(ROUNDS)
        ]
    first, second = zip(*rounds, strict=True)
    return serving.middle(list(first)), serving.middle(list(second))


def _stopped(log: Path) -> dict[str, Any]:
    """What the watch says of itself when it stops."""
    for line in log.read_text().splitlines():
        if '"monitor.watch_stopped"' in line:
            found: dict[str, Any] = json.loads(line)
            return found
    return {}


def fill(folder: Path, url: str, count: int) -> None:
    """Put monitors into a database that nobody serves yet."""
    portal = rooms.of(create_app(Settings(env="development", data_dir=folder)))
    for number in range(count):
        new = MonitorIn(
            slug=f"m-{number}",
            name=f"Monitor {number}",
            kind=Kind.HTTP,
            url=f"{url}{number}",
            interval_seconds=INTERVAL,
        )
        portal.monitors.acts.add(By("bench"), new, is_free=True)
    portal.core.engine.dispose()


def year(folder: Path) -> float:
    """The megabytes that a year of a hundred monitors at 60 s takes in SQLite."""
    environ = {**bare_environ(), "PORTAL_DATA_DIR": str(folder)}
    run(("db", "upgrade"), environ)
    fill(folder, "http://127.0.0.1/", OF_A_YEAR)
    path = folder / "portal.db"
    portal = rooms.of(create_app(Settings(env="development", data_dir=folder)))
    before, now, chance = path.stat().st_size, datetime.now(UTC), random.Random(1)
    for back in range(365):
        day = (now - timedelta(days=back)).date()
        with portal.core.open_session() as session:
            engine.begin_write(session)
            for seconds, kept in ((figures.FINE, 30), (figures.COARSE, 731)):
                if back < kept:
                    some = {n: _figure(seconds, chance) for n in range(86_400 // seconds)}
                    found = dict.fromkeys(range(1, OF_A_YEAR + 1), some)
                    figures.put(session, found, seconds=seconds, day=day)
            session.commit()
    with portal.core.open_session() as session:
        engine.begin_write(session)
        first = int(now.timestamp() * 1000)
        for number in range(1, OF_A_YEAR + 1):
            rows = [
                {
                    "monitor_id": number,
                    "at": first - minute * 60_000 - number,
                    "node_id": 1,
                    "outcome": 1,
                    "microseconds": round(chance.gauss(80_000, 15_000)),
                }
                for minute in range(25 * 60)
            ]
            session.execute(MonitorResult.__table__.insert(), rows)  # type: ignore[attr-defined]
        session.commit()
        session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    portal.core.engine.dispose()
    return (path.stat().st_size - before) / 1_000_000


def _figure(seconds: int, chance: random.Random) -> Figure:
    """Five looks, or sixty, of a target that takes about 80 ms."""
    times = sorted(abs(chance.gauss(80, 15)) for _ in range(seconds // INTERVAL))
    return Figure(
        len(times), 0, figures.quantile(times, 0.5), figures.quantile(times, 0.95), times[-1]
    )


def costs(folder: Path, url: str, count: int, seconds: int) -> Table:
    """A portal without monitors, one with them, and Gatus."""
    none = measured(folder / "none", url, 0, seconds)
    many = measured(folder / "many", url, count, seconds)
    other = beside(folder / "gatus", url, count, seconds)
    table = Table("what", "without", f"with {count}", "Gatus", "budget")

    def add(what: str, shown: Callable[[Measured], str], budget: str = "") -> None:
        table.add_row(what, shown(none), shown(many), shown(other) if other else "", budget)

    add("share of a core", lambda one: f"{one.share:.1%}", "25%")
    add("PSS of all, MB", lambda one: f"{one.megabytes:.0f}")
    table.add_row("MB more", "", f"{many.megabytes - none.megabytes:.0f}", "", "60")
    add(f"looks in {seconds} s", lambda one: str(one.looks))
    late = many.stopped.get("late_p99_ms", float("nan"))
    table.add_row("lateness p99, ms", "", f"{late:.0f}", "", "1000")
    return table


def compared(folder: Path, url: str, count: int) -> Table:
    """Polls side by side, and the size of a year."""
    without, beside = polls(folder, url, count)
    size = year(folder / "year")
    table = Table("what", "without", f"with {count}", "budget")
    table.add_row("polls a second", f"{without.rate:.0f}", f"{beside.rate:.0f}", "as before")
    table.add_row("polls p99, ms", f"{without.p99:.1f}", f"{beside.p99:.1f}", "")
    table.add_row(f"a year of {OF_A_YEAR} at {INTERVAL} s, MB", "", f"{size:.1f}", "25")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.monitors", description=__doc__)
    parser.add_argument("--monitors", type=int, default=MONITORS)
    parser.add_argument("--seconds", type=int, default=MEASURED_SECONDS)
    parser.add_argument("--costs", action="store_true", help="without the polls and the year")
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as name, target(Path(name)) as url:
        folder = Path(name)
        console.print(costs(folder, url, given.monitors, given.seconds))
        if not given.costs:
            console.print(compared(folder, url, given.monitors))


if __name__ == "__main__":
    main()
