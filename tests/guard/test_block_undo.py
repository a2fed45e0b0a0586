"""An act on a block is taken back, unless another has its place by now."""

import pytest

from portal.guard import blocks
from portal.guard.blocks import AlreadyBlockedError, Block, BlockBefore, Blocks
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.guard.blocks import WHO, act, active, add, logged
from tests.instants import HOUR, NOW


def undo(writer: Blocks, row: Block, before: BlockBefore) -> Block:
    return writer.undo(By("ada"), row.id, before)


def test_what_was_lifted_is_in_force_again(writer: Blocks, still: StandingClock):
    before = BlockBefore.of(add(writer))
    row = writer.remove(By("ada"), WHO)
    assert active(writer, still) == []
    again = undo(writer, row, before)
    assert (again.removed_at, again.until, again.version) == (None, NOW + HOUR, 3)
    assert active(writer, still) == [WHO]
    assert logged(writer)[0] == "perimeter.block.undone"


def test_what_was_lifted_does_not_come_back_beside_another(writer: Blocks):
    before = BlockBefore.of(add(writer))
    row = writer.remove(By("ada"), WHO)
    other = add(writer)
    with pytest.raises(AlreadyBlockedError) as caught:
        undo(writer, row, before)
    assert caught.value.current.id == other.id
    writer.remove(By("ada"), other.id)
    assert undo(writer, row, before).removed_at is None


def test_what_was_widened_does_not_come_back_beside_another(writer: Blocks, still: StandingClock):
    row = add(writer)
    before = BlockBefore.of(row)
    act(writer, row.id, "raise", duration="1h", scope="range", value="192.0.2.0/24")
    add(writer)
    with pytest.raises(AlreadyBlockedError):
        undo(writer, row, before)
    assert sorted(active(writer, still)) == ["192.0.2.0/24", WHO]


def test_a_new_block_that_is_taken_back_needs_no_place(writer: Blocks, still: StandingClock):
    """It is lifted, which it can be whoever is blocked in its place by now."""
    row = add(writer)
    before = BlockBefore.of(row, removed_at=NOW)
    still.advance(hours=1)
    other = add(writer)
    assert undo(writer, row, before).removed_at == NOW
    with writer.open_session() as session:
        assert [one.id for one in blocks.active(session, now=still.now())] == [other.id]
