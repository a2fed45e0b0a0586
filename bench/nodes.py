"""`portal serve` on the portals of the bench: at rest, with open panels, and while it tidies up."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from bench import idle, processor
from bench.clients import Panel
from bench.idle import Node, Rest
from bench.portals import Bench
from tests.commands import bare_environ

PANELS = 10
POLL_SECONDS = 10.0
MEASURED_SECONDS = 60


@contextmanager
def serve(bench: Bench, folder: Path, **settings: str) -> Iterator[Node]:
    """A whole node on the data of a portal."""
    folder.mkdir()
    environ = bare_environ() | {
        "PORTAL_DATA_DIR": str(bench.folder),
        "PORTAL_DATABASE_URL": bench.url,
        "PORTAL_RATE_LIMIT": "1000000000/minute",
        **settings,
    }
    with idle.serve(folder, environ) as running:
        yield running


def at_rest(benches: list[Bench], folder: Path) -> list[Rest]:
    """What a node does on each of some portals while nobody asks it anything, side by side."""
    with ExitStack() as stack, ThreadPoolExecutor(len(benches)) as pool:
        nodes = [
            stack.enter_context(serve(one, folder / f"rest-{number}"))
            for number, one in enumerate(benches)
        ]
        return list(pool.map(idle.at_rest, nodes))


@dataclass(frozen=True)
class Panels:
    """With panels open: the web process's share of a core, and the milliseconds of a poll."""

    share: float
    middle: float
    p95: float


def with_panels(bench: Bench, folder: Path) -> Panels:
    """Some operators look at the same node, and their browsers poll one after the other."""
    with serve(bench, folder / "panels") as node:
        panels = [Panel(node.address) for _ in range(PANELS)]
        for one in panels:
            one.open()
        stop = threading.Event()
        with ThreadPoolExecutor(PANELS) as pool:
            polling = [
                pool.submit(one.go_on, number, POLL_SECONDS, stop)
                for number, one in enumerate(panels)
            ]
            # The first poll of each takes what has changed since its page.
            time.sleep(POLL_SECONDS)
            for one in panels:
                one.milliseconds.clear()
            web = node.named("portal web")
            before = processor.seconds(web)
            time.sleep(MEASURED_SECONDS)
            used = processor.seconds(web) - before
            stop.set()
        for each in polling:
            each.result()
    taken = [one for panel in panels for one in panel.milliseconds]
    return Panels(used / MEASURED_SECONDS, median(taken), quantiles(taken, n=20)[-1])
