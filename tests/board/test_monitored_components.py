"""What a monitor says of a component: from its first look, and in maintenance."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.board import published
from portal.board.history import History
from portal.monitors.monitor import Monitor
from portal.monitors.states import MonitorSpan, MonitorState
from portal.status.components import Component
from tests.board.taken import part, take, window
from tests.instants import DAY, HOUR, NOW, TICK
from tests.monitors.factories import monitor


def test_what_a_monitor_knows_counts_from_its_first_look(session: Session):
    part(session)
    first = NOW - 3 * DAY
    session.add(monitor(component="api"))
    session.flush()
    session.add(MonitorSpan(monitor_id=7, health="up", began_at=first, ended_at=None, detail=""))
    session.add(
        MonitorState(
            monitor_id=7, health="up", since=first, detail="", looked_at=NOW, answer="", blind=[]
        )
    )
    (one,) = take(session).components
    assert (one.is_watched, one.is_unknown) == (True, False)
    assert one.counts_from == first.date()
    session.query(Component).one().version = 2
    assert take(session).components[0].counts_from == one.since


@pytest.mark.parametrize(
    ("made", "looked", "is_unknown", "why"),
    [
        (-TICK, None, True, "nobody has looked yet"),
        (timedelta(0), None, True, "the monitor was made just now"),
        (-DAY, timedelta(0), False, "somebody looked just now"),
        (-DAY, -DAY, True, "that was too long ago"),
    ],
)
def test_whether_a_monitor_knows_anything_now(
    session: Session, made: timedelta, looked: timedelta | None, is_unknown: bool, why: str
):
    part(session)
    session.add(monitor(component="api", created_at=NOW + made))
    session.flush()
    if looked is not None:
        session.add(
            MonitorState(
                monitor_id=7,
                health="up",
                since=NOW + made,
                detail="",
                looked_at=NOW + looked,
                answer="",
                blind=[],
            )
        )
    assert take(session).components[0].is_unknown is is_unknown, why


def test_monitors_of_public_components_alone_are_public(session: Session):
    part(session, "api")
    part(session, "in", is_public=False)
    for number, slug in enumerate(("api", "in")):
        row = monitor(id=7 + number, slug=f"of-{slug}", component=slug, shows_latency=True)
        session.add(row)
    assert [one.slug for one in take(session).monitors] == ["of-api"]


def test_a_monitor_is_not_down_in_planned_maintenance(session: Session):
    part(session)
    session.add(monitor(component="api", shows_latency=True))
    session.flush()
    for health, begin, end in (("up", -9, -3), ("down", -3, -2), ("up", -2, None)):
        session.add(
            MonitorSpan(
                monitor_id=7,
                health=health,
                began_at=NOW + begin * HOUR,
                ended_at=None if end is None else NOW + end * HOUR,
                detail="",
            )
        )
    (one,) = take(session).monitors
    assert one.uptime == pytest.approx(8 / 9)
    window(session, components=["api"], starts_at=NOW - 4 * HOUR, ends_at=NOW - HOUR)
    (one,) = take(session).monitors
    assert one.uptime == 1.0


def test_nothing_is_known_any_more_of_components_that_are_gone(session: Session):
    part(session)
    session.add(monitor(component="api"))
    session.flush()
    history = History()
    assert published.take(session, now=NOW, history=history).known_until
    session.query(Monitor).delete()
    session.query(Component).delete()
    assert published.take(session, now=NOW, history=history).known_until == {}
