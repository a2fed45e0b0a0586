"""The order of the way out, and what it ends with; no process, no clock."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from portal.lifecycle.drain import Drain, Exit, Patience
from portal.lifecycle.phases import Phase, Phases
from portal.store.pool import PoolClosedError
from tests.conftest import Build
from tests.sites import Site

QUICK = Patience(queues=1, delay=5, requests=1, pools=1, linger=15)


class World:
    """A node whose processes do what a test says, step by step."""

    def __init__(self, folder: Path, *, pending: int = 0, in_flight: int = 0, size: int = 2):
        self.lifecycle = Phases(folder)
        self.pending, self.in_flight, self.size = pending, in_flight, size
        self.gives_back = True
        self.log: list[str] = []
        self.said: list[str] = []

    def shares(self) -> list[SimpleNamespace]:
        phase = self.lifecycle.current()
        size = 0 if phase is Phase.CLOSING and self.gives_back else self.size
        pool = SimpleNamespace(size=size, borrowed=size, pending=0)
        return [SimpleNamespace(phase=phase, in_flight=self.in_flight, pool=pool)]

    def run(self, *, is_forced: bool = False) -> Exit:
        workers = [
            SimpleNamespace(name="portal", pending=9),
            SimpleNamespace(name="jobs", pending=self.pending),
        ]
        return Drain(
            self.lifecycle,
            SimpleNamespace(shares=self.shares),  # type: ignore[arg-type]
            workers=lambda: workers,  # type: ignore[arg-type, return-value]
            append=lambda event_type, **_: self.log.append(event_type),
            pause=lambda seconds: self.log.append(f"{self.lifecycle.current()} {seconds:g}"),
            say=self.said.append,
        ).run(by="ada", why="a deploy", patience=QUICK, is_forced=is_forced)


def test_a_clean_way_out_is_in_order(tmp_path: Path):
    world = World(tmp_path)
    assert world.run() is Exit.CLEAN
    assert world.log == [
        "runtime.shutdown.initiated",
        "draining 5",
        "database.connection.closed",
        "closing 15",
        "runtime.shutdown.completed",
    ]
    assert world.said == ["Draining: not ready, no more writes.", "The database pools are closed."]


def test_queues_that_hold_work_refuse_by_name_and_force_goes_on(tmp_path: Path):
    world = World(tmp_path, pending=3)
    assert world.run() is Exit.REFUSED
    assert "jobs has 3 jobs pending." in world.said
    assert world.lifecycle.current() is Phase.READY
    assert "runtime.shutdown.initiated" not in world.log
    assert World(tmp_path, pending=3).run(is_forced=True) is Exit.CLEAN


def test_requests_that_do_not_finish_are_a_time_out(tmp_path: Path):
    world = World(tmp_path, in_flight=2)
    assert world.run() is Exit.TIMED_OUT
    assert world.log.count("draining 0.2") == 5
    assert "2 requests did not finish in 1 s." in world.said


def test_connections_that_stay_out_are_unclean_and_on_record(tmp_path: Path):
    world = World(tmp_path)
    world.gives_back = False
    assert world.run() is Exit.UNCLEAN
    assert "database.connection.shutdown_failed" in world.log
    assert "database.connection.closed" not in world.log


def test_a_closed_pool_gives_nothing_out_and_is_empty(build: Build):
    site = build()
    site.client().get("/api/status")
    assert site.portal.runtime.node.pool().size > 0
    with site.portal.core.open_session() as session:
        session.connection()
        assert not site.portal.core.pool.close()
    assert site.portal.core.pool.close()
    assert site.portal.runtime.node.pool().size == 0
    with pytest.raises(PoolClosedError), site.portal.core.open_session() as session:
        session.connection()
    assert site.scrape().status_code == 200


def test_a_draining_portal_reads_on_and_writes_no_more(site: Site):
    headers = site.bearer()
    client = site.client()
    given = {"reason": "a deploy"}
    begun = client.post("/api/admin/runtime/lifecycle/drain", json=given, headers=headers)
    assert begun.status_code == 202
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.get_json()["checks"] == {"lifecycle": [{"status": "fail"}]}
    told = client.get("/health/ready", headers=headers).get_json()
    assert "a deploy" in told["checks"]["lifecycle"][0]["output"]
    assert client.get("/health/live").status_code == 200
    assert client.get("/").status_code == 200
    assert site.scrape().status_code == 200
    refused = client.post("/api/admin/runtime/maintenance", json={"title": "x"}, headers=headers)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "30"
    snapshot = client.get("/api/admin/runtime/health", headers=headers).get_json()
    assert snapshot["lifecycle"]["phase"] == "draining"
    assert snapshot["lifecycle"]["why"] == "a deploy"
