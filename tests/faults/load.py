"""Requests without end on a portal, and what is seen of them."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.processes import Served
from tests.sites import figure

READS = ("/", "/banner", "/api/status", "/api/runtime/maintenance")
MAINTENANCE = "/api/admin/runtime/maintenance"
RATE = 200
CLIENTS = 20
COUNTERS = ("rate_limit_hits_total", "rate_limit_allowed_total", "metrics_scrapes_total")


class Load:
    """Clients that keep a rate together; every tenth request writes."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port, self._headers = port, headers
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.reads: Counter[int] = Counter()
        self.writes: Counter[int] = Counter()
        self.bad: list[str] = []
        self.taken: list[str] = []
        self.phase = "start"
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> "Load":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    def _run(self, name: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        number, due = 0, time.monotonic() + name / RATE
        while not self._stop.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            due += CLIENTS / RATE
            number += 1
            try:
                self._ask(connection, name, number)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if number % 10:
                    with self._lock:
                        self.reads[0] += 1
                        self.bad.append(f"{self.phase}: {error!r}")
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, name: int, number: int) -> None:
        if number % 10:
            path = READS[number % len(READS)]
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            with self._lock:
                self.reads[answer.status] += 1
                if answer.status >= 500:
                    self.bad.append(f"{self.phase}: {path} {answer.status}")
            return
        slug = f"w{name}-{number}"
        connection.request(
            "POST", MAINTENANCE, json.dumps({"title": slug, "slug": slug}), self._headers
        )
        answer = connection.getresponse()
        answer.read()
        with self._lock:
            self.writes[answer.status] += 1
            if answer.status == 201:
                self.taken.append(slug)


class Watcher:
    """Reads a node's counters twice a second; they must not fall while it lives."""

    def __init__(self, node: Served) -> None:
        self._node = node
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.falls: list[str] = []
        self.reads = 0
        self._last: dict[str, float] = {}
        self._reading = threading.Lock()

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @contextmanager
    def another_life(self) -> Iterator[None]:
        """Its counters begin anew in here."""
        with self._reading:
            yield
            self._last = {}

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            with self._reading:
                self._look()

    def _look(self) -> None:
        text = self._node.scrape().text
        if "# EOF" not in text and "gigvora_rate_limit_hits_total" not in text:
            return
        self.reads += 1
        for name in COUNTERS:
            value = figure(text, f"gigvora_{name}")
            if value < self._last.get(name, 0.0):
                self.falls.append(f"{name} {self._last[name]} -> {value}")
            self._last[name] = value
