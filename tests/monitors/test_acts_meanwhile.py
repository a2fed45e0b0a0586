"""An operator acts on a monitor between a look and the writing of what follows from it."""

from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.monitors import queries
from portal.monitors.looks import Look, Trace
from portal.monitors.node_views import MonitorView
from portal.monitors.results import MonitorResult
from portal.monitors.schemas import MonitorIn
from portal.monitors.states import MonitorState
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.monitors.watching import BY, FINDS, Watching
from tests.two_at_once import at_once

ELSEWHERE = MonitorIn(slug="home", name="Home", kind="tcp", host="other.example", port=1)


def looks(world: Watching, slug: str = "home", count: int = 10) -> list[tuple[int, Look]]:
    """Looks that find it down, judged and not yet written."""
    recorder = world.watches[0].recorder
    number = recorder.watched[slug].id
    outcome, detail = FINDS["down"]
    made = []
    for _ in range(count):
        world.still.advance(seconds=1)
        made.append((number, Look(outcome, clock.now(), 80.0, detail, Trace())))
    recorder.judge(made)
    return made


def act(world: Watching, name: str) -> None:
    acts = world.site.portal.monitors.acts
    if name == "edit":
        acts.edit(BY, "home", ELSEWHERE, is_free=False)
    else:
        getattr(acts, name)(BY, "home")


def rename(world: Watching, slug: str = "home", **more: Any) -> None:
    new = {"slug": slug, "name": "Renamed", "kind": "tcp", "host": "h.example", "port": 1, **more}
    world.site.portal.monitors.acts.edit(BY, slug, MonitorIn(**new), is_free=False)


def kept(world: Watching, slug: str) -> int:
    """How many results that found it down are there."""

    def count(session) -> int:
        row = queries.find(session, slug)
        found = select(MonitorResult).where(
            MonitorResult.monitor_id == row.id, MonitorResult.outcome == FINDS["down"][0]
        )
        return len(session.scalars(found).all())

    return int(world.query(count))


@pytest.mark.parametrize("name", ["pause", "remove", "resume", "edit"])
def test_what_was_seen_before_it_opens_no_alert(world: Watching, name: str):
    recorder = world.start().recorder
    world.add(component="website")
    world.run(70)
    assert world.health() == "up"
    if name == "resume":
        act(world, "pause")
    made = looks(world)
    act(world, name)
    recorder.record(made, now=clock.now(), leads=True, reads_others=False)
    assert recorder.is_outdated
    recorder.load(now=clock.now())
    assert not recorder.is_outdated
    recorder.record([], now=clock.now(), leads=True, reads_others=False)
    assert world.episodes() == []
    assert world.state_of() == "operational"
    if name == "pause":
        details = world.query(lambda session: session.scalars(select(MonitorState.detail)).all())
        assert details == ["Paused"]
        assert world.query(lambda session: session.scalars(select(MonitorView)).all()) == []


@pytest.mark.parametrize("name", ["pause", "remove", "edit"])
def test_what_was_seen_of_others_is_written_at_once(world: Watching, name: str):
    recorder = world.start().recorder
    world.add()
    world.add("other")
    world.run(70)
    made = [*looks(world), *looks(world, "other")]
    act(world, name)
    recorder.record(made, now=clock.now(), leads=True, reads_others=False)
    assert kept(world, "other") == 10
    assert world.episodes() == [("monitor-down", "other", True)]


def test_what_depends_on_a_changed_one_waits_for_it(world: Watching):
    recorder = world.start().recorder
    world.add("home")
    world.add("child", depends_on=["home"])
    world.run(70)
    made = [*looks(world), *looks(world, "child")]
    rename(world)
    recorder.record(made, now=clock.now(), leads=True, reads_others=False)
    assert world.episodes() == []
    recorder.load(now=clock.now())
    recorder.record(recorder.left_out, now=clock.now(), leads=True, reads_others=False)
    assert world.episodes() == [("monitor-down", "home", True)]
    assert world.detail("child") == "Unreachable: Renamed is down"


def test_one_with_the_number_of_a_removed_one_is_another(world: Watching):
    recorder = world.start().recorder
    world.add()
    world.run(70)
    made = looks(world)
    act(world, "remove")
    new = MonitorIn(slug="shop", name="Shop", kind="tcp", host="h.example", port=1)
    world.site.portal.monitors.acts.add(BY, new)
    for _ in range(2):
        recorder.record(made, now=clock.now(), leads=True, reads_others=False)
        recorder.load(now=clock.now())
    assert world.episodes() == []
    assert kept(world, "shop") == 0


def test_failures_elsewhere_that_were_written_do_not_count(world: Watching):
    recorder = world.start().recorder
    world.add()
    world.run(70)
    # Down is what failed twice.
    made = looks(world, count=1)
    recorder.record(made, now=clock.now(), leads=True, reads_others=False)
    act(world, "edit")
    recorder.load(now=clock.now())
    made = looks(world, count=1)
    recorder.record(made, now=clock.now(), leads=True, reads_others=False)
    assert world.episodes() == []


def test_looks_of_a_renamed_one_are_kept_and_soon_concluded_from(world: Watching):
    watch = world.start()
    world.add(interval_seconds=3600)
    world.run(70)
    for pair in looks(world):
        watch._batches.add(*pair)
    rename(world, interval_seconds=3600)
    world.run(3)
    assert kept(world, "home") == 10
    assert world.episodes() == [("monitor-down", "home", True)]


def test_a_worker_that_stops_after_an_act_loses_nothing_of_others(world: Watching):
    watch = world.start()
    world.add()
    world.add("other")
    world.run(70)
    for pair in (*looks(world), *looks(world, "other")):
        watch._batches.add(*pair)
    act(world, "pause")
    world.stop()
    assert kept(world, "other") == 10


@pytest.mark.parametrize("stops", [False, True])
def test_the_node_that_does_not_lead_loses_nothing_either(world: Watching, stops: bool):
    world.start()
    other = world.start("node-b", leads=False)
    world.add(nodes="all")
    world.add("other", nodes="all")
    world.run(70)
    world.watches = [other]
    for pair in (*looks(world), *looks(world, "other")):
        other._batches.add(*pair)
    # It has asked for what was changed, and the removal comes after that.
    other.recorder._changed = lambda session: real(session) if asked else asked.append(1) or ()
    real, asked = type(other.recorder)._changed.__get__(other.recorder), []
    act(world, "remove")
    if stops:
        world.stop()
    else:
        world.run(5)
    assert kept(world, "other") == 10


@pytest.mark.parametrize("is_act_first", [True, False])
def test_of_both_at_once_the_act_has_the_last_word(
    build: Build, postgres: str, still: StandingClock, is_act_first: bool
):
    world = Watching(build(database_url=fresh_database(postgres)), still)
    recorder = world.start().recorder
    world.add()
    world.run(70)
    made = looks(world)

    def write() -> bool:
        recorder.record(made, now=clock.now(), leads=True, reads_others=False)
        return not recorder.is_outdated

    def pause() -> bool:
        return world.site.portal.monitors.acts.pause(BY, "home").is_paused

    acts = (pause, write) if is_act_first else (write, pause)
    assert at_once(world.site.portal.core.engine, *acts) == (True, not is_act_first)
    assert [one for one in world.episodes() if one[2]] == []
    assert world.detail() == "Paused"
    world.stop()
