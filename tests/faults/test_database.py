"""The database of a running portal goes away, hangs, turns read-only."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy

from portal.accounts.roles import Role
from portal.store import schema
from tests.conftest import Build
from tests.faults.invariants import Pace, bearer, holds, is_back, kinds, quick
from tests.faults.network import Cable
from tests.faults.servers import Postgres
from tests.patience import until
from tests.processes import Served
from tests.sites import figure

pytestmark = pytest.mark.process
MAINTENANCE = "/api/admin/runtime/maintenance"


@pytest.mark.fault(2)
@pytest.mark.slow
def test_a_database_that_stops_takes_nothing_public_with_it(own: Postgres, tmp_path: Path):
    settings = {"PORTAL_DATABASE_URL": own.url, "PORTAL_RATE_LIMIT": "100000/minute"}
    with Served(tmp_path / "data", "--workers", "2", **settings) as served:
        headers = bearer(served, "maintenance:write")
        taken: list[str] = []
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                title = f"Note {len(taken)}-{time.monotonic_ns()}"
                answer = served.post(MAINTENANCE, {"title": title}, **headers)
                if answer.status == 201:
                    taken.append(title)
                else:
                    assert answer.status in (503, 0), answer.text

        writer = threading.Thread(target=write)
        writer.start()
        until(lambda: len(taken) > 20, what="writes")
        own.stop()
        until(lambda: served.get("/health/ready").status == 503, what="unready")
        for path in ("/", "/banner", "/api/status", "/api/runtime/maintenance"):
            assert quick(served, path).status == 200
        assert served.scrape().status == 200
        until(lambda: "last confirmed at" in served.get("/").text)
        spool = served.folder / "spool" / "audit.jsonl"
        until(
            lambda: spool.exists() and "database.connection.lost" in spool.read_text(),
            what="the loss in the spool",
        )
        own.start()
        until(lambda: served.get("/health/ready").status == 200, what="ready again")
        before = len(taken)
        until(lambda: len(taken) > before + 5, what="writes again")
        stop.set()
        writer.join()
        holds(served)
        until(lambda: is_back(served), what="the database's return in the log")
        order = kinds(served)
        lost = order.index("database.connection.lost")
        assert order[lost + 1 :].index("audit.spool.taken_in") < order[lost + 1 :].index(
            "database.connection.established"
        )
        engine = sqlalchemy.create_engine(own.url)
        with engine.connect() as connection:
            stored = set(
                connection.execute(sqlalchemy.text("SELECT title FROM announcement")).scalars()
            )
        engine.dispose()
        assert set(taken) <= stored


@pytest.mark.fault(3)
@pytest.mark.slow
def test_a_database_that_hangs_holds_up_neither_polls_nor_probes(own: Postgres, tmp_path: Path):
    with Cable(own.socket_path) as cable:
        url = own.through(cable.port)
        with Served(tmp_path / "data", PORTAL_DATABASE_URL=url, PORTAL_POOL_SIZE="2") as served:
            headers = bearer(served, "maintenance:write")
            assert served.post(MAINTENANCE, {"title": "One"}, **headers).status == 201
            for fault in ("slow", "silent"):
                if fault == "slow":
                    cable.delay_seconds = 5.0
                else:
                    cable.hang()
                begun = time.monotonic()
                with ThreadPoolExecutor(12) as threads:
                    writes = [
                        threads.submit(served.post, MAINTENANCE, {"title": "Two"}, **headers)
                        for _ in range(12)
                    ]
                    waiting, pace = 0.0, Pace(served)
                    for _ in range(10):
                        for path in ("/", "/api/status", "/health/live"):
                            assert pace.get(path).status == 200
                        text = served.scrape().text
                        waiting = max(waiting, figure(text, "gigvora_database_pool_pending"))
                        time.sleep(0.1)
                    assert {one.result().status for one in writes} == {503}
                # Writes give up after 3 s each, two at a time at the most behind one another.
                assert time.monotonic() - begun < 30
                pace.holds(0.5)
                assert waiting > 0
                until(lambda: served.get("/health/ready").status == 503)
                cable.delay_seconds = 0.0
                cable.flow()
                holds(served)
                until(
                    lambda: served.post(MAINTENANCE, {"title": "Three"}, **headers).status == 201,
                    what="a write",
                )


@pytest.mark.fault(4)
def test_after_a_failover_to_a_read_only_server_pages_go_on_and_writes_say_so(
    own: Postgres, build: Build
):
    schema.upgrade(own.url)
    site = build(database_url=own.url)
    person, headers = site.signed_in(Role.ADMIN), site.bearer()
    client = site.client()
    name = sqlalchemy.make_url(own.url).database
    admin = sqlalchemy.create_engine(own.admin, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # Those that are open find out by a refused write, as after a demotion.
        connection.execute(
            sqlalchemy.text(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        )
        connection.execute(
            sqlalchemy.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            ),
            {"name": name},
        )
    site.portal.lifecycle.checks.readiness(refresh=True)
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json()["checks"]["database:writable"][0]["status"] == "warn"
    for path in ("/", "/api/status"):
        assert client.get(path).status_code == 200
    page = person.client.get("/panel/maintenance")
    assert page.status_code == 200
    assert "read-only at the moment" in page.get_data(as_text=True)
    refused = client.post(MAINTENANCE, json={"title": "x"}, headers=headers)
    assert refused.status_code == 503
    assert "read-only" in refused.get_json()["detail"]
    with admin.connect() as connection:
        connection.execute(
            sqlalchemy.text(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        )
    admin.dispose()
    # Nobody ends the open connections now: the refused write has shown that they are of no use.
    made = client.post(MAINTENANCE, json={"title": "Back"}, headers=headers)
    assert made.status_code == 201, made.get_json()
    site.portal.lifecycle.checks.readiness(refresh=True)
    assert "read-only" not in person.client.get("/panel/maintenance").get_data(as_text=True)
