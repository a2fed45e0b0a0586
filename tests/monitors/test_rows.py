"""Rows of looks, written in few statements, and each look once."""

import asyncio

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors.health import Health
from portal.monitors.node_views import MonitorView
from tests import queries
from tests.monitors.watching import Watching

DOWN = "monitor-down"


def test_a_commit_of_which_nobody_heard_is_written_once(
    world: Watching, monkeypatch: pytest.MonkeyPatch
):
    world.start()
    world.add(component="website")
    world.run(5)
    real, unclear = Session.commit, [True]

    def commit(session: Session) -> None:
        adds = any("monitor_view" in one for one in said)
        real(session)
        if adds and unclear:
            unclear.clear()
            raise OperationalError("", {}, Exception("the connection broke"))

    said: list[str] = []
    engine = world.site.portal.core.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(conn, cursor, statement, *rest) -> None:  # type: ignore[no-untyped-def]
        said.append(statement)

    monkeypatch.setattr(Session, "commit", commit)
    world.finds["home"] = "down"
    world.run(90)
    assert not unclear
    assert world.health() is Health.DOWN
    assert world.episodes() == [(DOWN, "home", True)]
    assert not world.watches[0].waiting


def test_many_looks_take_no_more_statements_than_few(world: Watching):
    watch = world.start()
    sent = []
    for number in (2, 30):
        for added in range(len(watch.recorder.watched), number):
            world.add(f"m-{added}")
        world.run(130)
        looks = [(one.id, asyncio.run(watch.look(one))) for one in watch.recorder.watched.values()]
        with queries.counted(world.site) as counted:
            watch.recorder.record(looks, now=clock.now(), leads=True, reads_others=False)
        sent.append(len(counted))
    assert sent[0] == sent[1]


def test_other_nodes_and_heartbeats_take_no_more_statements_either(world: Watching):
    watch = world.start()
    world.start("node-b", leads=False)
    sent = []
    for number in (1, 10):
        for added in range(len(watch.recorder.watched) // 2, number):
            world.add(f"m-{added}", nodes="all")
            world.beat(f"b-{added}")
        world.run(70)
        assert len(watch.recorder.watched) == 2 * number
        world.still.advance(seconds=61)
        with queries.counted(world.site) as counted:
            watch.recorder.record([], now=clock.now(), leads=True, reads_others=True)
        sent.append(sum(one.startswith(("SELECT", "UPDATE")) for one in counted.statements))
    assert sent[1] == sent[0]


def test_the_last_good_answer_is_kept_once_in_ten_minutes(world: Watching):
    world.start()
    world.add()
    kept = []
    for _ in range(24):
        world.run(60)
        view = world.query(lambda session: session.scalars(select(MonitorView)).one())
        kept.append(view.good["at"])
        assert view.evidence is None
    assert len(set(kept)) == 3
