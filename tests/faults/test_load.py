"""200 requests a second go on through deaths and a deploy, over two nodes behind a proxy."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy

from tests.faults.invariants import bearer, holds
from tests.faults.servers import Postgres
from tests.processes import ROOT, Served, free_port, has, named, needed, until, web_processes
from tests.sites import figure

pytestmark = pytest.mark.process

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


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres()
    yield server
    with suppress(subprocess.CalledProcessError):
        server.start()
    server.end()


@pytest.fixture
def nodes(own: Postgres, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    settings = {
        "PORTAL_DATABASE_URL": own.url,
        "PORTAL_TRUSTED_PROXIES": "127.0.0.1/32",
        "PORTAL_RATE_LIMIT": "1000000/minute",
        "PORTAL_DRAIN_DELAY": "2s",
    }
    with (
        Served(tmp_path / "one", "--workers", "2", **settings) as first,
        Served(tmp_path / "two", "--workers", "2", **settings) as second,
    ):
        yield first, second


@pytest.fixture
def proxy(nodes: tuple[Served, Served], tmp_path: Path) -> Iterator[int]:
    """nginx over both nodes; a node that fails is asked again after a second."""
    if not has("nginx"):
        assert not needed("nginx")
        pytest.skip("no nginx; on Debian: apt-get install nginx-light")
    port = free_port()
    folder = tmp_path / "nginx"
    folder.mkdir()
    servers = "".join(
        f"server 127.0.0.1:{node.port} max_fails=1 fail_timeout=1s;" for node in nodes
    )
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
        events {{ worker_connections 512; }}
        http {{
          access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
          fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
          upstream portal {{ {servers} }}
          server {{
            listen 127.0.0.1:{port};
            location / {{
              proxy_pass http://portal; proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-For $remote_addr;
              proxy_connect_timeout 1s; proxy_read_timeout 8s;
              proxy_next_upstream error timeout http_502 http_503;
            }}
          }}
        }}
        """
    )
    process = subprocess.Popen(
        ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: (folder / "pid").exists(), what="the start of nginx")
    yield port
    process.terminate()
    process.wait(60)


def deploy(node: Served) -> None:
    """Drain, stop, start, as a deploy of a new version does."""
    done = subprocess.run(
        [sys.executable, "-m", "portal", "lifecycle", "shutdown", "--delay", "2", "--linger", "1"],
        env=node.environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    node.__enter__()
    until(lambda: node.get("/health/ready").status == 200, what="ready")


@pytest.mark.slow
@pytest.mark.fault(2, 13)
@pytest.mark.timeout(1200)
def test_the_load_goes_on_through_deaths_and_a_deploy(
    own: Postgres, nodes: tuple[Served, Served], proxy: int
):
    first, second = nodes
    headers = {**bearer(first, "maintenance:write"), "Content-Type": "application/json"}
    with Load(proxy, headers) as load, Watcher(first) as one, Watcher(second) as two:

        def goes_on(phase: str, seconds: float = 4.0) -> None:
            load.phase = phase
            before = sum(load.reads.values())
            begun = time.monotonic()
            until(
                lambda: (
                    time.monotonic() - begun > seconds and sum(load.reads.values()) > before + 100
                ),
                seconds=seconds + 10,
                what=f"load while {phase}",
            )

        goes_on("all is well")
        for node in nodes:
            os.kill(web_processes(node)[0], signal.SIGKILL)
            goes_on("a web process is killed")
        for node in nodes:
            assert node.process is not None
            for pid in named(node.process.pid, "portal worker"):
                os.kill(pid, signal.SIGKILL)
        goes_on("the workers are killed")
        load.phase = "the database is killed"
        own.stop()
        goes_on("the database is away")
        own.start()
        goes_on("the database is back")
        for node, watcher in ((first, one), (second, two)):
            load.phase = "a deploy"
            with watcher.another_life():
                deploy(node)
            goes_on("after a deploy")
    asked = sum(load.reads.values()) + sum(load.writes.values())
    print(f"{asked} requests; reads {dict(load.reads)}; writes {dict(load.writes)}")
    assert load.bad == []
    assert set(load.reads) <= {200, 304}
    assert load.reads[200] > 5000
    assert len(load.taken) > 300
    assert one.falls == two.falls == []
    assert min(one.reads, two.reads) > 20
    for node in nodes:
        holds(node)
    engine = sqlalchemy.create_engine(own.url)
    with engine.connect() as connection:
        stored = set(connection.execute(sqlalchemy.text("SELECT slug FROM announcement")).scalars())
        details = connection.execute(
            sqlalchemy.text("SELECT detail FROM audit_event WHERE type = 'announcement.created'")
        ).scalars()
        told = {one["ref"] for one in details}
    engine.dispose()
    assert set(load.taken) <= stored
    assert stored == told
    assert not re.search("Traceback", first.output + second.output)
