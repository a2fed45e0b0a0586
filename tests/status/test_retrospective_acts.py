"""What was learned: when it is told, and which actions are overdue."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.errors import RuleError, StaleVersionError
from portal.status import incidents, retrospectives
from portal.status.incidents import NoteIn
from portal.status.retrospectives import RetrospectiveIn
from portal.unit_of_work import By
from tests.status.world import World


def keep(world: World, reference: str, version: int | None = None, **values: Any) -> Any:
    given = RetrospectiveIn(**{"root_cause_category": "capacity", **values})
    return world.status.retrospectives.save(By("ada", version=version), reference, given)


def test_what_was_learned_is_told_when_it_is_published(world: World):
    reference = world.open()
    with pytest.raises(RuleError, match="only for a resolved incident"):
        keep(world, reference)
    world.resolve(reference)
    assert keep(world, reference).version == 1
    assert world.told()[2:] == []
    assert keep(world, reference, 1, published=True).version == 2
    assert world.told()[2:] == ["learned"]
    world.status.incidents.note(By("bob"), reference, NoteIn(message="n"))
    keep(world, reference, 2, published=True, root_cause="more")
    assert world.told()[2:] == ["learned"]
    keep(world, reference, 3)
    assert world.told()[2:] == ["learned"]
    with pytest.raises(StaleVersionError):
        keep(world, reference, 3)
    keep(world, reference, None)
    with world.open_session() as session:
        found = incidents.find(session, reference.lower())
        assert found is not None
        assert found.root_cause_category == "capacity"


def test_one_published_at_once_is_told(world: World):
    reference = world.open()
    world.resolve(reference)
    keep(world, reference, published=True)
    assert world.told()[-1] == "learned"


def test_actions_that_are_overdue_are_listed_the_longest_first(world: World):
    for days in (2, 5, 3):
        reference = world.open(title=f"T{days}")
        world.resolve(reference)
        due = date(2030, 6, 3) - timedelta(days=days)
        actions = [
            {"kind": "alert", "text": f"a{days}", "due_at": due},
            {"kind": "other", "text": "done", "due_at": due, "done": True},
        ]
        keep(world, reference, actions=actions)
    with world.open_session() as session:
        stored = session.scalars(select(retrospectives.Retrospective)).first()
        assert stored is not None
        assert set(stored.actions[0]) == {"kind", "text", "owner", "dueAt", "done"}
        found = retrospectives.overdue(session, today=date(2030, 6, 3))
    assert [(one.title, one.action.text) for one in found] == [
        ("T5", "a5"),
        ("T3", "a3"),
        ("T2", "a2"),
    ]
