"""Freezes: those that are not over, and those that touch a window."""

from datetime import datetime

import pytest

from portal.errors import NotFoundError
from portal.status import freezes
from portal.status.freezes import FreezeIn
from portal.unit_of_work import By
from tests.instants import HOUR, NOW, TICK
from tests.status.world import World


def test_freezes_that_are_not_over_and_those_that_touch(world: World):
    for number, (begin, end) in enumerate(((3, 4), (1, 2))):
        given = FreezeIn(title=f"F{number}", starts_at=NOW + begin * HOUR, ends_at=NOW + end * HOUR)
        world.status.freezes.add(By("ada"), given)
    with world.open_session() as session:

        def coming(now: datetime) -> list[str]:
            return [one.title for one in freezes.coming(session, now=now)]

        assert coming(NOW) == ["F1", "F0"]
        assert coming(NOW + 2 * HOUR - TICK) == ["F1", "F0"]
        assert coming(NOW + 2 * HOUR) == ["F0"]
        known = freezes.coming(session, now=NOW)
        for starts, ends, titles in (
            (NOW, NOW + HOUR, []),
            (NOW, NOW + HOUR + TICK, ["F1"]),
            (NOW + 2 * HOUR, NOW + 3 * HOUR, []),
            (NOW + 2 * HOUR - TICK, NOW + 4 * HOUR, ["F1", "F0"]),
        ):
            assert freezes.touching(session, starts, ends) == titles
            assert freezes.titles(known, starts, ends) == titles
    world.status.freezes.remove(By("ada"), 1)
    with pytest.raises(NotFoundError):
        world.status.freezes.remove(By("ada"), 1)
