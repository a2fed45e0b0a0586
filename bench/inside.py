"""What costs what inside one process.

One file, longer than others, because each figure is a function and nothing joins them.
"""

import gzip
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from flask import Flask

from portal import clock, create_app, rooms, settings
from portal.guard.blocks import Block
from portal.guard.waf import Inspected
from portal.status.components import Component, Span
from portal.status.incidents import Incident, IncidentUpdate
from portal.store import revision, schema
from portal.web import access
from tests.queries import counted

ROUNDS = 5
KEYS = 100_000


def environ(path: str) -> dict[str, Any]:
    """A request as the server hands it over."""
    return {
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench",
        "HTTP_ACCEPT_ENCODING": "gzip",
    }


def app(folder: Path) -> Any:
    made = create_app(settings.load({}, data_dir=folder, rate_limit="1000000000/minute"))
    # The same view as on the bare app, behind everything that stands in front.
    access.TABLE["bench"] = access.PUBLIC
    made.add_url_rule("/bench", "bench", lambda: {"status": "pass"})
    schema.upgrade(made.config["SQLALCHEMY_DATABASE_URI"])
    return made


def microseconds(wsgi: Callable[..., Any], path: str, most: int) -> float:
    """Of one request: the median of five rounds."""
    base = environ(path)

    def start(status: str, headers: Any, *rest: Any) -> None:
        assert status.startswith("200"), status

    def round_of(number: int) -> float:
        begun = time.perf_counter()
        for _ in range(number):
            answer = wsgi(dict(base), start)
            if hasattr(answer, "close"):
                answer.close()
        return (time.perf_counter() - begun) / number * 1e6

    round_of(max(10, most // 10))
    return median(round_of(most) for _ in range(ROUNDS))


def with_blocks(made: Any, most: int, *, known: int = 0) -> None:
    """Put so many blocks of addresses and ranges in force, where `known` are already."""
    now = clock.now()
    with rooms.of(made).core.open_session() as session:
        for number in range(known, most):
            is_range = number % 10 == 0
            value = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            session.add(
                Block(
                    id=f"b{number}",
                    scope="range" if is_range else "ip",
                    value=f"172.{number % 200}.{number // 200 % 256}.0/24" if is_range else value,
                    kind="ban",
                    source="import",
                    reason="bench",
                    created_at=now,
                    until=now + timedelta(days=1),
                    created_by="bench",
                    is_forced=False,
                    removed_at=None,
                    expiry_noted=False,
                    version=1,
                )
            )
        revision.advance(session, revision.PERIMETER)
        session.commit()
    rooms.of(made).guard.perimeter.refresh()


def waf_name(made: Any) -> str:
    engine = rooms.of(made).guard.inspection.engine
    return f"{engine.library}, {engine.rule_set}"


def waf_microseconds(made: Any) -> tuple[float, float]:
    """Of a clean GET with a query, and of a form of 700 bytes."""
    engine = rooms.of(made).guard.inspection.engine
    headers = (("host", "localhost"), ("user-agent", "bench"), ("accept", "*/*"))
    form = (*headers, ("content-type", "application/x-www-form-urlencoded"))
    numbers = count()

    # Each asks something new, so that nothing is answered from memory.
    def read() -> Inspected:
        query = f"audience=public&limit={next(numbers)}"
        return Inspected("GET", "/api/runtime/maintenance", query, headers, b"", "192.0.2.1", True)

    def write() -> Inspected:
        path, body = f"/panel/windows/{next(numbers)}", b"message=" + b"word+" * 138
        return Inspected("POST", path, "", form, body, "192.0.2.1", False)

    def round_of(make: Callable[[], Inspected]) -> float:
        requests = [make() for _ in range(1000)]
        begun = time.perf_counter()
        for request in requests:
            assert engine.inspect(request) is None
        return (time.perf_counter() - begun) / 1000 * 1e6

    return median(round_of(read) for _ in range(5)), median(round_of(write) for _ in range(5))


def waf_dearest(made: Any) -> tuple[str, float, float]:
    """The longest queries that the WAF lets through, of what keeps patterns busy.

    What is repeated in the dearest of them, its milliseconds, and the share of its speed that
    another thread keeps meanwhile.
    """
    engine = rooms.of(made).guard.inspection.engine
    headers = (("host", "localhost"), ("user-agent", "bench"))

    def inspect(pad: str) -> None:
        value = (pad * 4000)[:4000]
        request = Inspected("GET", "/", f"a={value}&b={value}", headers, b"", "192.0.2.1", True)
        engine.inspect(request)

    def milliseconds(pad: str) -> float:
        begun = time.perf_counter()
        for _ in range(10):
            inspect(pad)
        return (time.perf_counter() - begun) * 100

    pads = ("{", "<%25", ";", "'%20or%20", "`", "/", "%20", "<%20", "select%20", "union(", "a")
    taken, dearest = max((milliseconds(pad), pad) for pad in pads)
    alone = _counted_for(0.5)
    stop = threading.Event()

    def press() -> None:
        while not stop.is_set():
            inspect(dearest)

    beside = threading.Thread(target=press)
    beside.start()
    kept = _counted_for(0.5) / alone
    stop.set()
    beside.join()
    return unquote(dearest), taken, kept


def _counted_for(seconds: float) -> int:
    """What a thread of Python gets done in so long a time."""
    end = time.perf_counter() + seconds
    done = 0
    while time.perf_counter() < end:
        done += 1
    return done


def bare() -> Flask:
    made = Flask("bare")
    made.add_url_rule("/bench", "bench", lambda: {"status": "pass"})
    return made


def resident_megabytes(pid: int | str = "self") -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def microseconds_of_keys(made: Any, amounts: list[int]) -> list[float]:
    """A hit of a key that is known, while so many others are."""
    limits = rooms.of(made).guard.limits
    known, found = 0, []
    for amount in amounts:
        now = clock.now().timestamp()
        for number in range(known, amount):
            limits.hit(f"ip:2001:db8:{number:x}::/64", "GET /api/status", now=now)
        known = amount
        rounds = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            for number in range(5000):
                key = f"ip:2001:db8:{number % min(amount, 100):x}::/64"
                limits.hit(key, "GET /api/status", now=now)
            rounds.append((time.perf_counter() - begun) / 5000 * 1e6)
        found.append(median(rounds))
    return found


def megabytes_of_keys(made: Any) -> float:
    """Growth by 100 000 distinct keys."""
    limits = rooms.of(made).guard.limits
    before, now = resident_megabytes(), clock.now().timestamp()
    for number in range(KEYS):
        limits.hit(f"ip:2001:db8:{number:x}::/64", "GET /api/status", now=now)
    return resident_megabytes() - before


def fill(made: Any, *, components: int, incidents: int) -> None:
    """Components with ninety days and resolved incidents over a year, three components each."""
    now = clock.now()
    with rooms.of(made).core.open_session() as session:
        for number in range(components):
            session.add(
                Component(
                    id=number + 1,
                    slug=f"c{number}",
                    name=f"Component {number}",
                    group_name=f"Group {number // 10}",
                    position=number,
                    description="",
                    is_public=True,
                    alerts=[],
                    since=(now - timedelta(days=400)).date(),
                    # Told of before: its days are known, whatever lies there.
                    version=2,
                    updated_at=now,
                )
            )
        session.flush()
        for number in range(incidents):
            began = now - timedelta(days=1 + number * 364 / max(1, incidents))
            ended = began + timedelta(minutes=40)
            session.add(
                Incident(
                    id=number + 1,
                    reference=f"INC-2026-{number:04d}",
                    title=f"Incident {number}",
                    impact="major",
                    status="resolved",
                    audiences=["public"],
                    started_at=began,
                    resolved_at=ended,
                    next_update_at=None,
                    acknowledged_at=None,
                    acknowledged_by=None,
                    root_cause_category="other",
                    links=[],
                    opened_by="bench",
                    created_at=began,
                    updated_at=ended,
                    version=2,
                )
            )
            session.flush()
            for at, status in ((began, "investigating"), (ended, "resolved")):
                session.add(
                    IncidentUpdate(
                        incident_id=number + 1,
                        at=at,
                        status=status,
                        message="Words. " * 20,
                        is_public=True,
                        author="bench",
                    )
                )
            for offset in range(3):
                session.add(
                    Span(
                        component_id=(number * 7 + offset) % components + 1,
                        incident_id=number + 1,
                        state="partial_outage",
                        began_at=began,
                        ended_at=ended,
                    )
                )
        revision.advance(session)
        session.commit()


@dataclass(frozen=True)
class Rebuild:
    """A rebuild of the board, and the bytes of what it serves, plain and compressed."""

    milliseconds: float
    queries: int
    page: tuple[int, int]
    banner: tuple[int, int]


def rebuild(made: Any) -> Rebuild:
    """Of the board, after something changed that is not in it."""
    portal, taken = rooms.of(made), []
    for _ in range(2 * ROUNDS):
        with portal.core.open_session() as session:
            revision.advance(session)
            session.commit()
        with counted(SimpleNamespace(portal=portal)) as queries:
            begun = time.perf_counter()
            portal.board.refresh()
            taken.append((time.perf_counter() - begun) * 1000)
    answers = portal.board.current()
    bodies = [answers.find(path, "", clock.now()).body for path in ("/", "/banner")]
    page, banner = ((len(body), len(gzip.compress(body, 6))) for body in bodies)
    return Rebuild(median(taken), len(queries), page, banner)


def rebuilds_of_an_hour(made: Any) -> int:
    """How often the board of a quiet site is made anew, looked at once a second."""
    board = rooms.of(made).board
    before, now = board.rebuilds, clock.now()
    for second in range(3600):
        board.current(now + timedelta(seconds=second))
    return int(board.rebuilds - before)
