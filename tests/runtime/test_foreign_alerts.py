"""Alerts of others: which instant their firing counts from, and which of them lapse."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.runtime.alertmanager import Delivery
from portal.runtime.episode import Closing, Episode
from portal.runtime.episodes import KEPT
from portal.runtime.foreign_alerts import ACTOR, ForeignAlerts
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.runtime.firings import alert, delivery

SECOND = timedelta(seconds=1)
EXPIRES = 8 * HOUR


def take(foreign: ForeignAlerts, start: datetime, fingerprint: str = "a" * 16) -> None:
    fires = {**alert("firing", clock.iso(start)), "fingerprint": fingerprint}
    foreign.take(By(ACTOR), Delivery.model_validate(delivery(fires)))


@pytest.mark.parametrize(
    ("start", "opened_at"),
    [
        (NOW - KEPT, NOW),
        (NOW - KEPT + SECOND, NOW - KEPT + SECOND),
        (NOW, NOW),
        (NOW + SECOND, NOW),
    ],
)
@pytest.mark.usefixtures("still")
def test_a_start_before_what_is_kept_and_one_to_come_are_now(
    open_session: Callable[[], Session], start: datetime, opened_at: datetime
):
    take(ForeignAlerts(open_session), start)
    with open_session() as session:
        assert session.scalars(select(Episode.opened_at)).all() == [opened_at]


def test_only_what_was_not_told_again_lapses(
    open_session: Callable[[], Session], still: StandingClock
):
    refreshed: list[datetime] = []
    foreign = ForeignAlerts(open_session, lambda: refreshed.append(clock.now()), expires=EXPIRES)
    take(foreign, NOW, "a" * 16)
    still.advance(seconds=1)
    take(foreign, NOW, "b" * 16)
    refreshed.clear()
    still.moment = NOW + EXPIRES
    assert foreign.lapse(now=clock.now()) == 0
    # Nothing has changed, so nobody is told that something did.
    assert refreshed == []
    still.advance(seconds=1)
    assert foreign.lapse(now=clock.now()) == 1
    assert refreshed == [NOW + EXPIRES + SECOND]
    with open_session() as session:
        ends = {row.subject: (row.closed_at, row.closed_by) for row in session.query(Episode)}
    assert ends == {"a" * 16: (NOW + EXPIRES + SECOND, Closing.LAPSED), "b" * 16: (None, None)}
