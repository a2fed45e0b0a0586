"""What is recorded when something comes between: nodes that go, reloads, edits, faults."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from portal import clock
from portal.monitors import recorder as recorder_module
from portal.monitors.health import Health
from portal.monitors.monitor import Monitor
from portal.monitors.node_views import MonitorView
from portal.monitors.nodes import MonitorNode
from portal.monitors.schemas import MonitorIn
from portal.monitors.watch import Watch
from tests.monitors.watching import BY, Watching

DOWN = "monitor-down"


def test_a_node_that_is_gone_silences_nothing_below_what_it_saw(world: Watching):
    """Its last look failed, and it never looked again."""
    world.start()
    gone = world.start("node-b", leads=False)
    world.add("gateway", nodes="all", down_after="12 of 12")
    world.add("shop", depends_on=["gateway"], nodes="leader", component="website")
    world.run(10)
    world.finds["gateway"] = "down"
    number = gone.recorder.watched["gateway"].id
    for _ in range(90):
        world.run(1)
        if gone.recorder.one(number).views[gone.recorder.node_id].is_suspect:
            break
    world.run(3)
    world.watches.remove(gone)
    world.finds["gateway"] = "up"
    world.run(300)
    assert world.health("gateway") is Health.UP
    world.finds["shop"] = "down"
    world.run(120)
    assert world.health("shop") is Health.DOWN
    assert world.episodes() == [(DOWN, "shop", True)]


def test_one_that_nobody_can_look_at_silences_nothing_below_it(world: Watching):
    world.start()
    world.add("gateway")
    world.add("shop", depends_on=["gateway"])
    world.run(5)
    world.finds |= {"gateway": "?", "shop": "down"}
    world.run(120)
    assert world.health("shop") is Health.DOWN


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
    assert not world.watches[0]._done


def test_looks_that_can_never_be_written_are_dropped(
    world: Watching, monkeypatch: pytest.MonkeyPatch
):
    watch = world.start()
    world.add()
    world.run(5)

    def refuse(*_: object) -> None:
        raise IntegrityError("", {}, Exception("no such monitor"))

    with monkeypatch.context() as patch:
        patch.setattr(watch.recorder, "_write_results", refuse)
        world.finds["home"] = "down"
        world.run(70)
        world.run(3)
        assert len(watch._done) <= 1
    world.run(60)
    assert world.health() is Health.DOWN


def test_looks_of_a_new_monitor_outlast_a_reload(world: Watching):
    """They wait to be written while another monitor is added."""
    watch = world.start()
    world.add()
    with_away(watch, lambda: world.run(3))
    assert watch._done
    watch.outdate()
    world.run(20)
    assert world.health() is Health.UP
    assert not watch._done


@pytest.mark.parametrize("acts", [["pause"], ["pause", "resume"]])
def test_looks_of_before_a_pause_are_not_recorded_after_it(world: Watching, acts: list[str]):
    watch = world.start()
    world.add(component="website")
    world.run(5)
    world.finds["home"] = "down"
    with_away(watch, lambda: world.run(70))
    assert watch._done
    for name in acts:
        world.still.advance(seconds=1)
        getattr(world.site.portal.monitors.acts, name)(BY, "home")
    world.add("other")
    world.finds["home"] = "up"
    world.run(130)
    assert world.episodes() == []
    assert world.health() is (Health.UP if "resume" in acts else Health.UNKNOWN)
    assert world.health("other") is Health.UP


def test_a_fault_of_ours_ends_no_watch(world: Watching, monkeypatch: pytest.MonkeyPatch):
    watch = world.start()
    world.add()

    def break_down(*_: object) -> None:
        raise KeyError(1)

    with monkeypatch.context() as patch:
        patch.setattr(watch.recorder, "_write_views", break_down)
        world.run(10)
    world.run(70)
    assert world.health() is Health.UP


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


@pytest.mark.parametrize(
    ("edit", "state"),
    [({"component": "shop"}, "major_outage"), ({"impact": "partial_outage"}, "partial_outage")],
)
def test_an_edit_of_what_an_alert_says_opens_it_anew(
    world: Watching, edit: dict[str, str], state: str
):
    world.start()
    world.component("shop")
    world.add(component="website")
    world.run(5)
    world.finds["home"] = "down"
    world.run(70)
    was = {"slug": "home", "name": "Home", "kind": "tcp", "host": "h.example", "port": 1}
    content = MonitorIn(**{**was, "component": "website", **edit})
    world.site.portal.monitors.acts.edit(BY, "home", content, is_free=False)
    world.outdate()
    world.run(5)
    assert world.episodes() == [(DOWN, "home", False), (DOWN, "home", True)]
    assert world.state_of(edit.get("component", "website")) == state
    if "component" in edit:
        assert world.state_of("website") == "operational"
    assert world.spans() == ["unknown", "up", "down"]
    world.finds["home"] = "up"
    world.run(70)
    assert world.episodes() == [(DOWN, "home", False), (DOWN, "home", False)]


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
    world.making().run(now=clock.now())
    assert len(world.query(lambda session: session.scalars(select(MonitorNode)).all())) == 2
    world.still.advance(seconds=8 * 86_400)
    world.run(3)
    world.making().run(now=clock.now())
    names = world.query(lambda session: session.scalars(select(MonitorNode.name)).all())
    seers = world.query(lambda session: session.scalars(select(MonitorView.node_id)).all())
    assert (names, seers) == (["node-a"], [watch.recorder.node_id])


def with_away(watch: Watch, act: Callable[[], object]) -> None:
    """Something happens while what is seen cannot be written."""
    real = watch.recorder.record

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    watch.recorder.record = away
    act()
    watch.recorder.record = real
