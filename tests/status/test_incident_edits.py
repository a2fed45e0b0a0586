"""What was put down wrong of an incident is put right."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.errors import RuleError
from portal.status import incidents
from portal.status.incidents import Incident, IncidentEdit
from portal.unit_of_work import By
from tests.instants import HOUR, MINUTE, NOW, TICK
from tests.status.world import World, hit


def edit(world: World, reference: str, **values: Any) -> Incident:
    given = {"title": "Slow", "impact": "major", "started_at": NOW - HOUR, **values}
    return world.status.incidents.edit(By("bob"), reference, IncidentEdit(**given))


def test_a_start_put_right_moves_what_began_with_it_and_nothing_else(world: World):
    world.parts("api", "web")
    reference = world.open(started_at=NOW - HOUR, components=hit(("api", "major_outage")))
    world.update(
        reference,
        at=NOW - MINUTE,
        components=hit(("api", "major_outage"), ("web", "partial_outage")),
    )
    edit(world, reference, started_at=NOW - 2 * HOUR)
    assert [began for _, began, _ in world.spans()] == [NOW - 2 * HOUR, NOW - MINUTE]
    with world.open_session() as session:
        shown = incidents.out(session, incidents.find(session, reference))  # type: ignore[arg-type]
    assert [one.at for one in shown.updates] == [NOW - MINUTE, NOW - 2 * HOUR]
    assert world.logged() == ("incident.changed", {"incident": reference, "fields": ["started_at"]})


def test_a_first_word_that_came_later_stays_where_it_is(world: World):
    reference = world.open(started_at=NOW - HOUR)
    with world.open_session() as session:
        line = session.scalars(select(incidents.IncidentUpdate)).one()
        line.at = NOW - MINUTE
        session.commit()
    edit(world, reference, started_at=NOW - 2 * HOUR)
    with world.open_session() as session:
        assert session.scalars(select(incidents.IncidentUpdate.at)).one() == NOW - MINUTE


@pytest.mark.parametrize(
    ("started", "is_taken"), [(NOW - MINUTE, True), (NOW - MINUTE + TICK, False)]
)
def test_an_incident_starts_before_what_followed(world: World, started, is_taken):
    reference = world.open(started_at=NOW - HOUR)
    world.update(reference, at=NOW - MINUTE)
    if is_taken:
        assert edit(world, reference, started_at=started).started_at == started
    else:
        with pytest.raises(RuleError, match="before the updates"):
            edit(world, reference, started_at=started)


@pytest.mark.parametrize(
    ("started", "is_taken"), [(NOW - TICK, True), (NOW, False), (NOW + TICK, False)]
)
def test_an_incident_starts_before_it_ends(world: World, started, is_taken):
    reference = world.open(started_at=NOW - HOUR)
    world.resolve(reference)
    world.still.advance(hours=1)
    if is_taken:
        assert edit(world, reference, started_at=started).started_at == started
    else:
        with pytest.raises(RuleError, match="before the end"):
            edit(world, reference, started_at=started)
    running = world.open()
    assert edit(world, running, started_at=NOW + HOUR).started_at == NOW + HOUR


def test_an_edit_names_what_it_changed(world: World):
    reference = world.open(started_at=NOW - HOUR)
    edit(world, reference)
    assert world.logged()[1]["fields"] == []
    edit(world, reference, title="Slower", audiences=["admin"], next_update_at=NOW + HOUR)
    assert world.logged()[1]["fields"] == ["audiences", "next_update_at", "title"]


@pytest.mark.parametrize(
    ("promised", "is_taken", "why"),
    [
        (NOW + MINUTE, True, "overdue, and as it was promised: a title can still be put right"),
        (NOW + MINUTE + TICK, False, "nobody promises what is over"),
        (NOW + HOUR, False, "nor what is now"),
        (NOW + HOUR + TICK, True, "it is ahead"),
        (None, True, "nothing is promised any more"),
    ],
)
def test_a_next_update_that_is_changed_lies_ahead(world: World, promised, is_taken, why):
    reference = world.open(next_update_at=NOW + MINUTE)
    world.still.advance(hours=1)
    if is_taken:
        row = edit(world, reference, title="Slower", next_update_at=promised)
        assert (row.title, row.next_update_at) == ("Slower", promised), why
        return
    with pytest.raises(RuleError) as caught:
        edit(world, reference, title="Slower", next_update_at=promised)
    assert caught.value.field == "nextUpdateAt", why
