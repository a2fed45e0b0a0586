"""The order of the way out, and what it ends with; no process, no clock."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from portal.lifecycle import processes
from portal.lifecycle.drain import Drain, Exit, Patience
from portal.lifecycle.phases import Mark, Phase, Phases
from portal.lifecycle.processes import Process
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


def test_connections_that_stay_out_are_unclean_and_on_record(tmp_path: Path):
    world = World(tmp_path)
    world.gives_back = False
    assert world.run() is Exit.UNCLEAN
    assert "database.connection.shutdown_failed" in world.log
    assert "database.connection.closed" not in world.log


OWN = processes.this()
GONE = Process(OWN.pid, OWN.started - 1)


@pytest.mark.parametrize(
    ("boot", "of", "is_bound", "counts", "why"),
    [
        ("b", OWN, True, True, "its `portal serve` lives"),
        ("b", GONE, True, False, "its `portal serve` is gone, and its number was given out again"),
        ("other", OWN, True, False, "it is of another boot"),
        ("b", Process(1, OWN.started + 1), False, True, "made while the server ran, by a command"),
        ("b", OWN, False, True, "made by the server itself"),
        ("b", GONE, False, False, "made before the server began"),
        ("other", OWN, False, False, "it is of another boot"),
    ],
)
def test_a_mark_counts_for_the_service_that_it_was_meant_for(
    boot: str, of: Process, is_bound: bool, counts: bool, why: str
):
    mark = Mark(
        Phase.DRAINING, "2030-01-01T00:00:00Z", "ada", "", boot, of.pid, of.started, is_bound
    )
    assert mark.counts("b", OWN) is counts, why


def test_the_mark_of_a_serve_ends_with_it(tmp_path: Path):
    Phases(tmp_path, lambda: GONE).move(Phase.CLOSING, by="ada", why="a deploy")
    after = Phases(tmp_path)
    assert after.current() is Phase.READY
    later = after.move(Phase.DRAINING, by="bob", why="another")
    assert (later.by, later.why) == ("bob", "another"), "nothing of the old one is taken over"
    assert Phases(tmp_path).current() is Phase.DRAINING


def test_since_by_and_why_are_those_of_the_first_move(tmp_path: Path):
    lifecycle = Phases(tmp_path)
    first = lifecycle.move(Phase.DRAINING, by="ada", why="a deploy")
    second = Phases(tmp_path).move(Phase.CLOSING, by="bob", why="later")
    assert (second.since, second.by, second.why) == (first.since, "ada", "a deploy")
    Phases(tmp_path).back()
    assert lifecycle.current() is Phase.READY


def test_a_mark_that_cannot_be_read_changes_nothing(tmp_path: Path):
    lifecycle = Phases(tmp_path)
    lifecycle.move(Phase.DRAINING, by="ada", why="x")
    (tmp_path / "phase.json").write_text("{half")
    assert lifecycle.current() is Phase.DRAINING


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
