"""What is told first, and what is held for a while so that it can be taken back."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.status import notices, windows
from portal.status.notices import Event, Notice, NoticeKind, Urgency
from portal.status.windows import Action, WindowAct, WindowIn, WindowTimes
from portal.unit_of_work import By
from tests import rows
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW, TICK
from tests.sites import Site
from tests.status.told import told, window


@pytest.mark.parametrize(
    ("kind", "event", "urgency"),
    [
        (NoticeKind.ALERT, Event.LASTS, Urgency.URGENT),
        (NoticeKind.ALERT, Event.RECOVERED, Urgency.URGENT),
        (NoticeKind.INCIDENT, Event.OPENED, Urgency.URGENT),
        (NoticeKind.INCIDENT, Event.RESOLVED, Urgency.URGENT),
        (NoticeKind.INCIDENT, Event.CHANGED, Urgency.NORMAL),
        (NoticeKind.SUBSCRIPTION, Event.ASKED, Urgency.URGENT),
        (NoticeKind.WINDOW, Event.CANCELLED, Urgency.NORMAL),
        (NoticeKind.ANNOUNCEMENT, Event.PUBLISHED, Urgency.NORMAL),
        (NoticeKind.INCIDENT, Event.UPDATED, Urgency.NORMAL),
        (NoticeKind.INCIDENT, Event.LEARNED, Urgency.NORMAL),
        (NoticeKind.WINDOW, Event.STARTED, Urgency.NORMAL),
        (NoticeKind.WINDOW, Event.ENDED, Urgency.NORMAL),
        (NoticeKind.ANNOUNCEMENT, Event.RESOLVED, Urgency.NORMAL),
        (NoticeKind.MESSAGE, Event.SENT, Urgency.NORMAL),
    ],
)
def test_what_is_told_before_all_else(kind: NoticeKind, event: Event, urgency: Urgency):
    assert notices.urgency_of(kind, event) is urgency


@pytest.mark.parametrize(
    ("changes", "is_held", "why"),
    [
        ({}, True, "nobody was told"),
        ({"kind": "series"}, False, "another kind of thing"),
        ({"ref": "m-2"}, False, "another window"),
        ({"created_at": NOW - TICK}, False, "of an act before it"),
        ({"addressed_at": NOW}, False, "some were told"),
        ({"first": 1}, False, "some are being told"),
        ({"held_until": None}, False, "it was told at once"),
    ],
)
def test_what_is_held_can_be_taken_back(
    session: Session, changes: dict[str, Any], is_held: bool, why: str
):
    windows.notify(session, window(), Event.CHANGED, now=NOW)
    (one,) = told(session)
    for name, value in {"held_until": NOW + HOUR, **changes}.items():
        setattr(one, name, value)
    session.flush()
    assert notices.withdraw(session, NoticeKind.WINDOW, "m-1", made_at=NOW) is is_held, why
    assert len(told(session)) == (0 if is_held else 1)


@pytest.mark.parametrize(
    ("values", "is_to_address", "why"),
    [
        ({}, True, "nothing holds it"),
        ({"held_until": NOW + TICK}, False, "it can still be taken back"),
        ({"held_until": NOW}, True, "its time is over"),
        ({"held_until": NOW - TICK}, True, "and stays so"),
        ({"addressed_at": NOW - HOUR}, False, "its recipients have been found"),
        ({"held_until": NOW, "addressed_at": NOW}, False, "also where it was held"),
    ],
)
def test_what_is_held_is_addressed_once_its_time_is_over(
    session: Session, values: dict[str, Any], is_to_address: bool, why: str
):
    session.add(rows.notice(**values))
    session.flush()
    found = session.scalars(select(Notice.id).where(Notice.is_to_address(NOW))).all()
    assert bool(found) is is_to_address, why


@pytest.mark.parametrize(
    ("is_new", "was_told", "events"),
    [
        (True, False, []),
        (True, True, ["scheduled", "cancelled"]),
        (False, False, ["scheduled"]),
        (False, True, ["scheduled", "extended", "changed"]),
    ],
)
def test_what_is_told_of_an_act_that_is_taken_back(
    site: Site, still: StandingClock, is_new: bool, was_told: bool, events: list[str]
):
    still.moment = NOW
    acts, by = site.portal.status.windows, By("ada", can_undo=not was_told)
    new = WindowIn(title="T", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    row = acts.schedule(by if is_new else By("ada"), new)
    before = None if is_new else WindowTimes.of(row)
    if not is_new:
        still.advance(seconds=1)
        extend = WindowAct(action=Action.EXTEND, duration="30m")
        acts.act(by, row.reference, extend)
    undone = acts.undo(By("ada"), row.reference, before)
    assert undone.cancelled_at == (NOW if is_new else None)
    assert undone.ends_at == NOW + 2 * HOUR
    with site.portal.core.open_session() as session:
        assert [one.event for one in told(session)] == events
