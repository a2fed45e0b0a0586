"""Incidents act by act: what they impair, and that an end is an end."""

from datetime import datetime

import pytest

from portal.errors import RuleError
from portal.status import components, incidents
from portal.status.components import State
from tests.instants import HOUR, MINUTE, NOW, TICK
from tests.status.world import World, hit


def test_an_incident_impairs_from_its_start_and_nothing_after_its_end(world: World):
    world.parts("api", "web", "docs")
    reference = world.open(
        started_at=NOW - HOUR, components=hit(("api", "major_outage"), ("docs", "operational"))
    )
    assert world.spans() == [(State.MAJOR, NOW - HOUR, None)]
    assert world.notice().facts["components"] == {"api": "major_outage"}
    assert world.logged()[1]["components"] == ["api: major_outage", "docs: operational"]
    same = hit(("api", "major_outage"), ("web", "partial_outage"))
    world.update(reference, components=same, at=NOW - MINUTE)
    assert world.spans() == [(State.MAJOR, NOW - HOUR, None), (State.PARTIAL, NOW - MINUTE, None)]
    world.update(reference, "monitoring")
    assert len(world.spans()) == 2
    world.update(reference, components=hit(("api", "degraded_performance")))
    assert world.spans() == [
        (State.MAJOR, NOW - HOUR, NOW),
        (State.PARTIAL, NOW - MINUTE, NOW),
        (State.DEGRADED, NOW, None),
    ]
    assert world.notice().facts["components"] == {
        "api": "degraded_performance",
        "web": "operational",
    }
    with world.open_session() as session:
        shown = incidents.out(session, incidents.find(session, reference))  # type: ignore[arg-type]
    assert [(one.component, one.state) for one in shown.components] == [
        ("api", State.DEGRADED),
        ("web", State.PARTIAL),
    ]
    row = world.resolve(reference)
    assert row.resolved_at == NOW
    assert all(ended == NOW for _, _, ended in world.spans())
    assert world.notice().facts["components"] == {"api": "operational", "web": "operational"}
    assert world.told() == ["opened", "updated", "updated", "updated", "resolved"]
    kind, detail = world.logged()
    assert (kind, detail["category"]) == ("incident.resolved", "deploy")


def test_what_has_ended_is_not_ended_again(world: World):
    world.parts("api", "web")
    reference = world.open(components=hit(("api", "major_outage")))
    world.update(reference, components=hit(("web", "major_outage")))
    world.still.advance(minutes=5)
    world.resolve(reference)
    assert [ended for _, _, ended in world.spans()] == [NOW, NOW + 5 * MINUTE]
    with world.open_session() as session:

        def since(moment: datetime) -> int:
            return len(components.spans(session, since=moment))

        assert (since(NOW - TICK), since(NOW), since(NOW + 5 * MINUTE)) == (2, 1, 0)


def test_the_states_of_another_incident_are_its_own(world: World):
    world.parts("api", "web")
    world.open(components=hit(("web", "major_outage")))
    first = world.open(components=hit(("api", "partial_outage")))
    assert world.notice().components == ["api"]
    world.resolve(first)
    assert [ended is None for _, _, ended in world.spans()] == [True, False]


def test_a_span_never_ends_before_it_begins(world: World):
    world.parts("api")
    reference = world.open(started_at=NOW - 2 * HOUR)
    world.update(reference, components=hit(("api", "major_outage")), at=NOW)
    world.resolve(reference, at=NOW - HOUR)
    assert world.spans() == [(State.MAJOR, NOW, NOW)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"started_at": NOW + TICK}, "startedAt"),
        ({"status": "resolved"}, "status"),
        ({"next_update_at": NOW}, "nextUpdateAt"),
        ({"components": hit(("api", "major_outage"), ("api", "partial_outage"))}, "components"),
        ({"components": hit(("nothing", "major_outage"))}, "components"),
    ],
)
def test_an_incident_that_cannot_be_leaves_nothing(world: World, values, field):
    world.parts("api")
    before = world.changes
    with pytest.raises(RuleError) as caught:
        world.open(**values)
    assert caught.value.field == field
    assert (world.changes, world.told(), world.spans()) == (before, [], [])
    assert world.logged()[0] == "component.created"


def test_a_next_update_may_be_promised(world: World):
    world.open(next_update_at=NOW + TICK)
    assert world.notice().facts["nextUpdateAt"].startswith("2030-06-03T12:00:00")


def test_a_word_after_the_end_is_an_update(world: World):
    reference = world.open()
    end = world.resolve(reference)
    world.still.advance(hours=1)
    again = world.resolve(reference)
    assert again.resolved_at == end.resolved_at == NOW
    assert world.told() == ["opened", "resolved", "updated"]
    assert world.logged()[0] == "incident.updated"
