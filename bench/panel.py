"""What an open panel costs: its queries, its bytes and its time."""

import re
import time
from statistics import median
from types import SimpleNamespace
from typing import Any, NamedTuple

from bench.inside import ROUNDS
from portal import clock, rooms
from portal.accounts import operators
from portal.accounts.roles import Role
from portal.store import engine
from tests.lived_in import tend
from tests.queries import counted

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
    tend(portal)
    site = SimpleNamespace(portal=portal)
    with counted(site) as page:
        text = panels[0].get("/panel").get_data(as_text=True)
    marks = re.findall(r'name="have" value="([^"]+)"', text)
    # Until neither the snapshot nor the checks of readiness are fresh.
    time.sleep(2.1)
    with counted(site) as poll:
        panels[0].get("/panel/cards", query_string={"have": marks})
    with counted(site) as another:
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
