"""Components act by act: added, changed, given a state by hand, and listed."""

import pytest

from portal.errors import NotFoundError, RuleError
from portal.status import components
from portal.status.components import ComponentIn, State
from portal.unit_of_work import By
from tests.status.world import World


def test_a_slug_is_given_once(world: World, monkeypatch: pytest.MonkeyPatch):
    world.parts("api")
    with pytest.raises(RuleError, match="taken"):
        world.parts("api")
    monkeypatch.setattr(components.acts, "MOST_COMPONENTS", 2)
    world.parts("web")
    with pytest.raises(RuleError, match="2 components at most"):
        world.parts("docs")
    given = ComponentIn(slug="other", name="API")
    with pytest.raises(RuleError, match="cannot be changed"):
        world.status.components.edit(By("ada"), "api", given)
    with pytest.raises(NotFoundError):
        world.status.components.edit(By("ada"), "nothing", given)
    with world.open_session() as session:
        assert components.count(session) == 2


def test_an_edit_of_a_component_names_what_it_changed(world: World):
    world.parts("api")
    given = {"slug": "api", "name": "API", "group": "Core", "position": 3, "is_public": False}
    row = world.status.components.edit(By("bob", version=1), "api", ComponentIn(**given))
    assert (row.version, row.name, row.position) == (2, "API", 3)
    assert world.logged()[1]["fields"] == ["group", "is_public", "name", "position"]
    world.status.components.edit(By("bob", version=2), "api", ComponentIn(**given))
    assert world.logged()[1]["fields"] == []


@pytest.mark.parametrize(
    ("states", "spans", "before", "after"),
    [
        (["major_outage"], [(State.MAJOR, True)], None, "major_outage"),
        (["major_outage", None], [(State.MAJOR, False)], "major_outage", None),
        (
            ["major_outage", "operational"],
            [(State.MAJOR, False), (State.OPERATIONAL, True)],
            "major_outage",
            "operational",
        ),
        (
            ["major_outage", "partial_outage"],
            [(State.MAJOR, False), (State.PARTIAL, True)],
            "major_outage",
            "partial_outage",
        ),
        ([None], [], None, None),
        (["operational"], [(State.OPERATIONAL, True)], None, "operational"),
    ],
)
def test_a_state_by_hand_ends_the_one_before(world: World, states, spans, before, after):
    world.parts("api")
    for state in states:
        wanted = State(state) if state else None
        world.status.components.set_state(By("ada"), "api", wanted)
        world.still.advance(minutes=1)
    assert [(state, ended is None) for state, _, ended in world.spans()] == spans
    kind, detail = world.logged()
    assert (kind, detail["before"], detail["after"]) == ("component.state.changed", before, after)
    with world.open_session() as session:
        held = components.by_hand(session)
    impaired = [state for state, is_open in spans if is_open and state != State.OPERATIONAL]
    assert list(held.values()) == impaired


def test_a_component_has_a_history_once_something_was_said_of_it(world: World):
    world.parts("api", "web")
    for state in (State.MAJOR, None):
        world.status.components.set_state(By("ada"), "web", state)
    with world.open_session() as session:
        found = components.queries.listed_with_history(session)
    assert [(row.slug, told) for row, told in found] == [("api", False), ("web", True)]


def test_components_stand_by_group_position_and_name(world: World):
    for slug, group, position in (
        ("a", "late", 5),
        ("b", "early", 2),
        ("c", "late", 9),
        ("d", "", 4),
        ("e", "early", 1),
        ("f", "early", 1),
    ):
        world.status.components.add(
            By("ada"), ComponentIn(slug=slug, name=slug, group=group, position=position)
        )
    world.status.components.remove(By("ada", version=1), "f")
    with world.open_session() as session:
        assert [one.slug for one in components.listed(session)] == ["e", "b", "d", "a", "c"]
        assert components.known(session, []) == {}
        with pytest.raises(RuleError, match="slug f"):
            components.known(session, ["a", "f"])
