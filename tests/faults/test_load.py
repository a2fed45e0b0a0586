"""200 requests a second go on through deaths and a deploy, over two nodes behind a proxy."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from tests.faults.invariants import bearer, holds
from tests.faults.load import Load, Watcher
from tests.faults.servers import Postgres
from tests.patience import has, needed, until
from tests.ports import free_port
from tests.process_trees import named, web_processes
from tests.processes import ROOT, Served

pytestmark = pytest.mark.process


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
