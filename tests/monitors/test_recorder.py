"""What is recorded when something comes between: nodes that go, reloads, edits, faults."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors import recorder as recorder_module
from portal.monitors.monitor import Monitor
from portal.monitors.node_views import MonitorView
from portal.monitors.nodes import MonitorNode
from tests.monitors.watching import Watching

DOWN = "monitor-down"


def test_the_loop_sees_all_monitors_while_they_are_read_anew(
    world: Watching, monkeypatch: pytest.MonkeyPatch
):
    watch = world.start()
    world.add()
    world.run(5)
    recorder, seen = watch.recorder, []
    real = recorder_module.queries.every

    def every(session: Session) -> list[Monitor]:
        rows = real(session)
        seen.append(set(recorder.watched))
        return rows

    real_of = recorder_module.node_views.of

    def of(session: Session, ids: Any, **more: Any) -> Any:
        seen.append(set(recorder.watched))
        return real_of(session, ids, **more)

    monkeypatch.setattr(recorder_module.queries, "every", every)
    monkeypatch.setattr(recorder_module.node_views, "of", of)
    world.add("other")
    world.run(1)
    assert seen == [{"home"}, {"home"}]


def test_nodes_that_are_gone_are_not_read_and_in_the_end_forgotten(world: Watching):
    world.start()
    gone = world.start("node-b", leads=False)
    world.add(nodes="all")
    world.run(70)
    world.watches.remove(gone)
    world.stop()
    world.still.advance(seconds=120)
    watch = world.start()
    world.run(3)
    assert set(watch.recorder.watched["home"].views) == {watch.recorder.node_id}
    world.rollup().run(now=clock.now())
    assert len(world.query(lambda session: session.scalars(select(MonitorNode)).all())) == 2
    world.still.advance(seconds=8 * 86_400)
    world.run(3)
    world.rollup().run(now=clock.now())
    names = world.query(lambda session: session.scalars(select(MonitorNode.name)).all())
    seers = world.query(lambda session: session.scalars(select(MonitorView.node_id)).all())
    assert (names, seers) == (["node-a"], [watch.recorder.node_id])
