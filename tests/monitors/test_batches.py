"""Looks that wait to be written: without a database, over reloads and pauses, after faults."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.monitors import rows
from portal.monitors.health import Health
from portal.monitors.results import MonitorResult
from portal.monitors.rows import Rows
from portal.monitors.watch import Watch
from tests.monitors.watching import BY, Watching

DOWN = "monitor-down"


def test_looks_that_can_never_be_written_are_dropped(
    world: Watching, monkeypatch: pytest.MonkeyPatch
):
    watch = world.start()
    world.add()
    world.run(5)

    def refuse(*_: object) -> None:
        raise IntegrityError("", {}, Exception("no such monitor"))

    with monkeypatch.context() as patch:
        patch.setattr(rows, "write_results", refuse)
        world.finds["home"] = "down"
        world.run(70)
        world.run(3)
        assert watch.waiting <= 1
    world.run(60)
    assert world.health() is Health.DOWN


def test_looks_of_a_new_monitor_outlast_a_reload(world: Watching):
    """They wait to be written while another monitor is added."""
    watch = world.start()
    world.add()
    with_away(watch, lambda: world.run(3))
    assert watch.waiting
    watch.outdate()
    world.run(20)
    assert world.health() is Health.UP
    assert not watch.waiting


@pytest.mark.parametrize("acts", [["pause"], ["pause", "resume"]])
def test_looks_of_before_a_pause_are_not_recorded_after_it(world: Watching, acts: list[str]):
    watch = world.start()
    world.add(component="website")
    world.run(5)
    world.finds["home"] = "down"
    with_away(watch, lambda: world.run(70))
    assert watch.waiting
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
    world.start()
    world.add()

    def break_down(*_: object) -> None:
        raise KeyError(1)

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "_write_views", break_down)
        world.run(10)
    world.run(70)
    assert world.health() is Health.UP


def test_looks_wait_for_a_database_that_is_away(world: Watching, monkeypatch: pytest.MonkeyPatch):
    watch = world.start()
    world.add(component="website")
    world.run(5)
    real = watch.recorder._open_session

    def away() -> None:
        raise OperationalError("", {}, Exception("away"))

    watch.recorder._open_session = away
    world.finds["home"] = "down"
    world.run(60)
    watch.recorder._open_session = real
    world.run(20)
    assert world.health() is Health.DOWN
    assert world.episodes() == [(DOWN, "home", True)]
    failed = select(func.count()).where(MonitorResult.outcome == 3).select_from(MonitorResult)
    assert world.query(lambda session: session.scalar(failed)) >= 2


def with_away(watch: Watch, act: Callable[[], object]) -> None:
    """Something happens while what is seen cannot be written."""
    real = watch.recorder.record

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    watch.recorder.record = away
    act()
    watch.recorder.record = real
