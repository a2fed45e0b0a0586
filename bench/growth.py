"""`make bench-grown`: what a request costs on an empty portal, on one of two years, and beyond.

On SQLite and on PostgreSQL; the quickest of fifteen, in one process, with the number of statements.
A third portal with as many components and half of everything else tells how a figure grows: where
ten times as much lies there it would be what the slope says. Then `portal serve` runs on it, as
`bench.running` says. The whole is written to `docs/scale.md` between its marks, a share is not.
"""

import argparse
import re
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import grown, running
from bench.portals import PORTALS, RUNTIME, Bench, Cost, postgresql
from bench.sizes import Sizes
from portal.audit import chain
from tests.databases import administrator
from tests.processes import ROOT

HALF = 0.5
PAGE = ROOT / "docs/scale.md"
# What is asked, and the most that it may take on the grown portal, in milliseconds.
READS = (
    ("/panel", None),
    ("/panel/cards", None),
    ("/panel/maintenance", 30),
    ("/panel/incidents", 30),
    ("/panel/perimeter", 30),
    ("/panel/components", 30),
    ("/panel/notifications", 30),
    ("/panel/notifications/new", 30),
    ("/panel/audit", 30),
    ("/panel/audit?before=1000", 30),
    ("/panel/audit?type=account.login", 30),
    (f"{RUNTIME}/maintenance/windows?limit=50", 30),
    (f"{RUNTIME}/incidents?limit=50", 30),
    (f"{RUNTIME}/maintenance/perimeter/blocks?limit=50", 30),
    (f"{RUNTIME}/audit?limit=50", 30),
    ("/history", None),
    ("/api/v2/summary.json", None),
)


PREVIEW, DRY_RUN = "the preview of an incident", "the dry run of a message"
INCIDENT = "an incident, from its act to every poll"
GOALS = dict(READS) | {PREVIEW: 30, DRY_RUN: 30, INCIDENT: 60}


def costs(bench: Bench) -> dict[str, Cost]:
    """All requests, and an incident that is opened."""
    found = {path: bench.measure(path) for path, _ in READS}
    found |= {PREVIEW: bench.preview(), DRY_RUN: bench.dry_run()}
    found[INCIDENT] = bench.open_incident()
    return found


def verified(bench: Bench) -> float:
    """Seconds of a walk over the audit log."""
    begun = time.perf_counter()
    with bench.portal.core.open_session() as session:
        last = list(chain.verify(session, in_pieces=True))[-1]
    assert last.first_bad_seq is None
    return time.perf_counter() - begun


def tenfold(half: Cost, full: Cost) -> float:
    """Milliseconds where ten times as much lies there, by the slope from half to the whole."""
    slope = (full.milliseconds - half.milliseconds) / (1 - HALF)
    return max(0.0, full.milliseconds + 9 * slope)


def table(
    empty: dict[str, Cost], half: dict[str, Cost], full: dict[str, Cost]
) -> list[tuple[str, ...]]:
    return [
        (
            name,
            f"{empty[name].milliseconds:.1f}",
            f"{half[name].milliseconds:.1f}",
            f"{cost.milliseconds:.1f}",
            f"{tenfold(half[name], cost):.0f}",
            str(GOALS[name] or ""),
            str(cost.statements),
            f"{cost.size / 1000:.0f}",
        )
        for name, cost in full.items()
    ]


HEAD = (
    "request",
    "empty, ms",
    "half, ms",
    "grown, ms",
    "tenfold by the slope, ms",
    "goal, ms",
    "statements",
    "kB",
)


def written(tables: list[list[tuple[str, ...]]], notes: list[str], name: str) -> None:
    """Put tables, each with its head, into `PAGE`, between the marks of their database."""
    parts = ["\n".join(f"| {' | '.join(row)} |" for row in _ruled(rows)) for rows in tables]
    text = "\n\n".join([*parts, *notes])
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = PAGE.read_text()
    pattern = re.compile(f"{begin}.*?{end}", re.DOTALL)
    PAGE.write_text(pattern.sub(f"{begin}\n\n{text}\n\n{end}", page))


def _ruled(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [rows[0], ("---",) * len(rows[0]), *rows[1:]]


def shown(console: Console, rows: list[tuple[str, ...]], name: str) -> None:
    drawn = Table(*rows[0], title=name)
    for row in rows[1:]:
        drawn.add_row(*row)
    console.print(drawn)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--share", type=float, default=1.0, help="of two years")
    given = asked.parse_args()
    console, sizes = Console(), Sizes.share(given.share)
    fewer = replace(Sizes.share(given.share * HALF), components=sizes.components)
    for name in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            urls: dict[str, str] = {}
            if name == "PostgreSQL":
                urls = stack.enter_context(postgresql(folder / "server"))
            empty, half, full = (Bench(folder / one, urls.get(one)) for one in PORTALS)
            for one, many in ((half, fewer), (full, sizes)):
                grown.fill(one.url, many)
                with administrator(one.url) as connection:
                    # As PostgreSQL does by itself, sooner or later.
                    connection.exec_driver_sql("ANALYZE" if name == "SQLite" else "VACUUM ANALYZE")
            for one in (empty, half, full):
                one.prepare()
            requests = [HEAD, *table(costs(empty), costs(half), costs(full))]
            shown(console, requests, name)
            per = verified(full) / max(1, sizes.events) * 100_000
            note = f"`portal audit verify` takes {per:.1f} s for 100 000 events (goal 2, budget 5)."
            console.print(note)
            nodes = [running.HEAD, *running.rows(empty, full, folder)]
            shown(console, nodes, name)
        if given.share == 1.0:
            written([requests, nodes], [note], name)


if __name__ == "__main__":
    main()
