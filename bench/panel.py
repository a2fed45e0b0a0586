"""What an open panel costs: its queries, its bytes and its time."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import event

from bench.inside import ROUNDS
from portal import clock, rooms
from portal.accounts import operators
from portal.accounts.roles import Role
from portal.store import engine

PASSWORD = "correct horse battery"
PANELS = 5


class Cost(NamedTuple):
    """Of a panel: queries of the page, of a poll, and of one more poll that looks as well."""

    page: int
    poll: int
    another: int
    page_bytes: int
    quiet_bytes: int
    milliseconds: float


def cost(app: Any) -> Cost:
    """With the app's own defences in front, by operators who are signed in."""
    portal, panels = rooms.of(app), []
    for number in range(PANELS):
        with portal.core.open_session() as session:
            engine.begin_write(session)
            name = f"bench{number}"
            operators.create(
                session, name, password=PASSWORD, role=Role.ADMIN, actor="bench", at=clock.now()
            )
            session.commit()
        client = app.test_client()
        client.post("/panel/login", data={"name": name, "password": PASSWORD})
        # The first page of a session stores its token against forged requests.
        client.get("/panel/runbook")
        panels.append(client)
    for one in (portal.board, portal.guard.perimeter, portal.runtime.workers):
        one.refresh()
        one.is_supervised = True
    with _queries(portal) as page:
        text = panels[0].get("/panel").get_data(as_text=True)
    marks = re.findall(r'name="have" value="([^"]+)"', text)
    # Until neither the snapshot nor the checks of readiness are fresh.
    time.sleep(2.1)
    with _queries(portal) as poll:
        panels[0].get("/panel/cards", query_string={"have": marks})
    with _queries(portal) as another:
        panels[1].get("/panel/cards", query_string={"have": marks})
    whole = panels[0].get("/panel/cards").get_data(as_text=True)
    marks = re.findall(r'name="have" value="([^"]+)"', whole)
    quiet = panels[0].get("/panel/cards", query_string={"have": marks})
    return Cost(
        len(page), len(poll), len(another), len(text), len(quiet.data), _milliseconds(panels, marks)
    )


def _milliseconds(panels: list[Any], marks: list[str]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for client in panels:
            client.get("/panel/cards", query_string={"have": marks})
        taken.append((time.perf_counter() - begun) / len(panels) * 1000)
    return median(taken)


@contextmanager
def _queries(portal: Any) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("BEGIN"):
            found.append(statement)

    engines = (portal.core.engine, portal.core.probe_engine)
    for one in engines:
        event.listen(one, "before_cursor_execute", note)
    yield found
    for one in engines:
        event.remove(one, "before_cursor_execute", note)
