"""An operator acts on a monitor between a look and the writing of what follows from it."""

import pytest
from sqlalchemy import select

from portal import clock
from portal.monitors.looks import Look, Trace
from portal.monitors.node_views import MonitorView
from portal.monitors.recorder import OutdatedError
from portal.monitors.results import MonitorResult
from portal.monitors.states import MonitorState
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.monitors.watching import BY, FINDS, Watching
from tests.two_at_once import at_once


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


@pytest.mark.parametrize("act", ["pause", "remove", "resume"])
def test_what_was_seen_before_it_opens_no_alert(world: Watching, act: str):
    watch, acts = world.start(), world.site.portal.monitors.acts
    world.add(component="website")
    world.run(70)
    assert world.health() == "up"
    if act == "resume":
        acts.pause(BY, "home")
    made = looks(world)
    getattr(acts, act)(BY, "home")
    with pytest.raises(OutdatedError):
        watch.recorder.record(made, now=clock.now(), leads=True, reads_others=False)
    for number, look in made:
        watch._batches.add(number, look)
    world.run(10)
    assert watch.waiting == 0
    assert [one for one in world.episodes() if one[2]] == []
    assert world.state_of() == "operational"
    if act == "pause":
        assert world.query(lambda session: session.scalars(select(MonitorState.detail)).all()) == [
            "Paused"
        ]
        assert world.query(lambda session: session.scalars(select(MonitorView)).all()) == []


def test_what_was_seen_of_others_is_kept(world: Watching):
    watch = world.start()
    world.add()
    world.add("other")
    world.run(70)
    made = [*looks(world), *looks(world, "other")]
    for pair in made:
        watch._batches.add(*pair)
    world.site.portal.monitors.acts.remove(BY, "home")
    world.run(5)
    kept = world.query(lambda session: session.scalars(select(MonitorResult.at)).all())
    assert {look.at for _, look in made[10:]} <= {clock.at(at / 1000) for at in kept}
    assert world.episodes() == [("monitor-down", "other", True)]


@pytest.mark.parametrize("is_act_first", [True, False])
def test_of_both_at_once_the_act_has_the_last_word(
    build: Build, postgres: str, still: StandingClock, is_act_first: bool
):
    world = Watching(build(database_url=fresh_database(postgres)), still)
    watch = world.start()
    world.add()
    world.run(70)
    made = looks(world)

    def write() -> bool:
        try:
            watch.recorder.record(made, now=clock.now(), leads=True, reads_others=False)
        except OutdatedError:
            return False
        return True

    def pause() -> bool:
        return world.site.portal.monitors.acts.pause(BY, "home").is_paused

    acts = (pause, write) if is_act_first else (write, pause)
    assert at_once(world.site.portal.core.engine, *acts) == (True, not is_act_first)
    assert [one for one in world.episodes() if one[2]] == []
    assert world.detail() == "Paused"
    world.stop()
