"""Windows act by act: proposed, changed, extended and called off."""

import pytest

from portal.errors import RuleError
from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from tests.instants import HOUR, NOW
from tests.status.world import World, window


def test_a_proposal_waits_and_what_begins_at_once_does_not(world: World):
    row = window(world, room=world.careful, starts_at=NOW + HOUR)
    assert (row.awaits_approval, world.told()) == (True, [])
    assert window(world, room=world.careful).awaits_approval is False
    assert window(world, starts_at=NOW + HOUR).awaits_approval is False
    assert world.told() == ["started", "scheduled"]
    edited = world.careful.windows.edit(
        By("eve", version=1),
        row.reference,
        WindowIn(title="T", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
    )
    assert (edited.created_by, len(world.told())) == ("eve", 2)
    act = WindowAct(action="approve")
    done = world.careful.windows.act(By("ada", version=2), row.reference, act)
    assert (done.awaits_approval, done.approved_by) == (False, "ada")
    assert world.told()[2:] == ["scheduled"]
    assert world.logged()[0] == "maintenance.window.approved"


def test_a_proposal_that_is_called_off_is_told_to_nobody(world: World):
    row = window(world, room=world.careful, starts_at=NOW + HOUR)
    act = WindowAct(action="cancel")
    world.careful.windows.act(By("ada", version=1), row.reference, act)
    assert world.told() == []


def test_only_extending_takes_a_duration(world: World):
    row = window(world)
    act = WindowAct(action="end", duration="5m")
    with pytest.raises(RuleError, match="Only extend"):
        world.status.windows.act(By("ada", version=1), row.reference, act)


def test_an_edit_of_what_runs_keeps_its_author(world: World):
    row = window(world)
    done = world.status.windows.edit(
        By("eve", version=1), row.reference, WindowIn(title="T2", ends_at=NOW + 3 * HOUR)
    )
    assert (done.created_by, done.version) == ("ada", 2)
    assert world.logged()[1]["fields"] == ["title"]
