"""Blocks that made themselves, that repeat, and that end."""

from datetime import timedelta

import pytest

from portal.guard import blocks
from portal.guard.blocks import LONGEST_AUTO, REPEATS_WITHIN, BlockIn, Blocks, Source
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.guard import perimeters
from tests.guard.blocks import WHO, act, add, logged
from tests.instants import HOUR, NOW, TICK


def test_one_that_was_made_by_itself_becomes_an_operators(writer: Blocks):
    row = writer.block_offender(By("portal"), WHO, offences=9, ttl=HOUR, reason="r")
    assert row is not None
    assert act(writer, row.id, "extend", duration="5m").source == "auto"
    assert act(writer, row.id, "raise", duration="5m").source == "manual"
    given = BlockIn(scope="ip", value="192.0.2.2", reason="r", duration="1h")
    listed = writer.add(By("ada"), given, caller="", source=Source.IMPORT)
    assert act(writer, listed.id, "raise", duration="2h").source == "import", "it was one before"


def test_one_that_was_made_by_itself_spares_who_is_trusted(writer: Blocks):
    row = writer.block_offender(By("portal"), WHO, offences=9, ttl=HOUR, reason="r")
    assert row is not None
    assert perimeters.judge(perimeters.make(row), WHO) is not None
    assert perimeters.judge(perimeters.make(row, trusted=WHO), WHO) is None


@pytest.mark.parametrize(
    ("passed", "ttl", "hours", "why"),
    [
        (timedelta(minutes=30), HOUR, None, "it is blocked already"),
        (HOUR, HOUR, 2.0, "again as soon as it ends: twice as long"),
        (HOUR + REPEATS_WITHIN - TICK, HOUR, 2.0, "within a day of its end"),
        (HOUR + REPEATS_WITHIN, HOUR, 1.0, "a day later it is forgotten"),
        (HOUR, 3 * HOUR, 3.0, "never shorter than the rule says"),
    ],
)
def test_repetition_lasts_twice_as_long(
    writer: Blocks, still: StandingClock, passed, ttl, hours, why
):
    first = writer.block_offender(By("portal"), WHO, offences=9, ttl=HOUR, reason="r")
    assert first is not None
    assert first.until == NOW + HOUR
    still.moment = NOW + passed
    again = writer.block_offender(By("portal"), WHO, offences=9, ttl=ttl, reason="r")
    if hours is None:
        assert again is None, why
        return
    assert again is not None
    assert again.until - still.moment == hours * HOUR, why
    assert logged(writer)[1]["repeats"] == (1 if hours != 1.0 else 0)


def test_repetition_has_an_end(writer: Blocks, still: StandingClock):
    add(writer, duration="2d")
    still.advance(days=2)
    again = writer.block_offender(By("portal"), WHO, offences=9, ttl=HOUR, reason="r")
    assert again is not None
    assert again.until - still.moment == LONGEST_AUTO
    writer.remove(By("ada"), again.id)
    still.advance(days=3)
    fresh = writer.block_offender(By("portal"), "2001:db8::9", offences=9, ttl=HOUR, reason="r")
    assert fresh is not None
    assert (fresh.value, fresh.until - still.moment) == ("2001:db8::/64", HOUR)


def test_the_end_of_a_block_is_written_down_once(writer: Blocks, still: StandingClock):
    add(writer)
    removed = add(writer, "192.0.2.2")
    writer.remove(By("ada"), removed.id)
    add(writer, "192.0.2.3", duration="2h")
    assert writer.note_expired() == 0
    still.advance(hours=1)
    assert writer.note_expired() == 1
    assert logged(writer)[0] == "perimeter.block.expired"
    assert writer.note_expired() == 0
    row = act(writer, WHO, duration="5m")
    assert row.expiry_noted is False
    still.advance(hours=1)
    assert writer.note_expired() == 2


def test_blocks_are_listed_and_those_in_force(writer: Blocks, still: StandingClock):
    first = add(writer)
    still.advance(minutes=1)
    second = add(writer, "192.0.2.2", duration="3h")
    third = add(writer, "192.0.2.3", duration="3h")
    writer.remove(By("ada"), third.id)
    still.moment = NOW + HOUR
    with writer.open_session() as session:

        def page(only_active: bool, **how: int) -> tuple[list[str], int]:
            rows, total = blocks.page(
                session,
                now=still.now(),
                only_active=only_active,
                **{"limit": 9, "offset": 0, **how},
            )
            return [row.id for row in rows], total

        assert page(True) == ([second.id], 1)
        everything, total = page(False)
        assert (set(everything), total) == ({first.id, second.id, third.id}, 3)
        assert everything[-1] == first.id
        assert page(False, limit=1, offset=2) == ([first.id], 3)
        assert [row.id for row in blocks.active(session, now=still.now())] == [second.id]
        assert blocks.page(session, now=NOW, only_active=False, limit=1, offset=9) == ([], 3)
        found = blocks.find(session, "192.0.2.2")
        assert found is not None
        assert found.id == second.id
        assert blocks.find(session, "192.0.2.3") is None
