"""What subscribers are told of windows, series, announcements and incidents, and what not."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.audit import search
from portal.status import announcements, incidents, notices, series, windows
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.components import ComponentIn
from portal.status.incidents import impacts
from portal.status.notices import NEWS, Event, Notice, NoticeKind, Urgency
from portal.status.series import SeriesIn
from portal.status.terms import Status
from portal.status.windows import Action, Window, WindowAct, WindowIn, WindowTimes
from portal.unit_of_work import By, Transaction
from tests import rows
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW, TICK
from tests.sites import Site


def told(session: Session) -> list[Notice]:
    return list(session.scalars(select(Notice).order_by(Notice.id)))


def window(**values: Any) -> Window:
    row = Window(
        reference="m-1",
        created_at=NOW,
        updated_at=NOW,
        version=3,
        created_by="ada",
        awaits_approval=False,
    )
    WindowIn(**{"title": "T", "ends_at": NOW + HOUR, **values}).apply(row, now=NOW)
    return row


@pytest.mark.parametrize(
    ("values", "before", "facts", "why"),
    [
        ({}, None, {}, "nothing was before"),
        ({}, (NOW, NOW + HOUR), {}, "nothing moved"),
        ({}, (NOW - HOUR, NOW + HOUR), {"previousStartsAt": "2030-06-03T11:00:00Z"}, "the start"),
        ({}, (NOW, NOW + 2 * HOUR), {"previousEndsAt": "2030-06-03T14:00:00Z"}, "the end"),
        ({"impact": "slow"}, None, {"expected": "slow"}, "what to expect"),
        (
            {"components": ["api"], "effects": {"api": "partial_outage"}},
            None,
            {"effects": {"api": "partial_outage"}},
            "what is left",
        ),
    ],
)
def test_what_is_told_of_a_window(session: Session, values, before, facts, why):
    windows.notify(session, window(**values), Event.CHANGED, now=NOW, before=before)
    (one,) = told(session)
    assert one.facts == {
        "startsAt": "2030-06-03T12:00:00Z",
        "endsAt": "2030-06-03T13:00:00Z",
        "zone": "UTC",
        **facts,
    }, why
    assert (one.key, one.occurred_at, one.created_at) == ("window m-1 changed 3", NOW, NOW)
    assert (one.position, one.addressed_at) == (0, None)
    assert one.channels == ["email", "api"]


def test_a_window_that_was_ended_is_told_with_that_end(session: Session):
    row = window()
    row.ended_at = NOW + HOUR / 2
    windows.notify(
        session, row, Event.ENDED, now=NOW + HOUR, before=(NOW, NOW + HOUR), at=row.ended_at
    )
    (one,) = told(session)
    assert one.facts["endsAt"] == "2030-06-03T12:30:00Z"
    assert one.facts["previousEndsAt"] == "2030-06-03T13:00:00Z"
    assert (one.occurred_at, one.created_at) == (NOW + HOUR / 2, NOW + HOUR)


def test_a_window_that_was_opened_again_is_told_with_each_of_its_ends(session: Session):
    row = window()
    for minutes in (0, 30, 45):
        row.ends_at = NOW + HOUR + timedelta(minutes=minutes)
        windows.notify(session, row, Event.ENDED, now=row.ends_at)
        windows.notify(session, row, Event.ENDED, now=row.ends_at)
    assert [one.key for one in told(session)] == [
        "window m-1 ended",
        "window m-1 ended 2030-06-03T13:30:00Z",
        "window m-1 ended 2030-06-03T13:45:00Z",
    ]


@pytest.mark.parametrize(
    ("event", "nth", "key"),
    [
        (Event.STARTED, "", "window m-1 started"),
        (Event.ENDED, "", "window m-1 ended"),
        (Event.EXTENDED, "", "window m-1 extended 3"),
        (Event.REMINDER, "x", "window m-1 reminder x"),
    ],
)
def test_what_happens_once_is_told_once_by_whatever_hand(session: Session, event, nth, key):
    row = window()
    windows.notify(session, row, event, now=NOW, nth=nth)
    windows.notify(session, row, event, now=NOW + HOUR, nth=nth)
    assert [one.key for one in told(session)] == [key]
    counted = 3 if event is Event.EXTENDED else nth
    assert notices.was_put(session, NoticeKind.WINDOW, event, "m-1", counted)
    assert not notices.was_put(session, NoticeKind.WINDOW, event, "m-2", counted)
    row.version = 4
    windows.notify(session, row, event, now=NOW, nth=nth)
    assert len(told(session)) == (2 if event is Event.EXTENDED else 1)


def test_only_the_ways_that_the_portal_sends_by_are_kept(session: Session):
    windows.notify(session, window(channels=["web", "sms", "email"]), Event.STARTED, now=NOW)
    assert told(session)[0].channels == ["email"]


def test_a_series_names_its_next_five(session: Session):
    row = SeriesIn(title="T", starts_at=NOW, ends_at=NOW + HOUR, recurrence="FREQ=DAILY").row(
        actor="ada", now=NOW
    )
    made = [window(starts_at=NOW + n * HOUR, ends_at=NOW + (n + 1) * HOUR) for n in range(7)]
    series.acts._notify(Transaction(session, NOW, By("a")), row, Event.SCHEDULED, made[::-1])
    found = told(session)[0].facts["windows"]
    assert len(found) == 5
    assert [one["startsAt"][11:13] for one in found] == ["12", "13", "14", "15", "16"]


@pytest.mark.parametrize(
    ("event", "channels", "nth", "ends", "is_broadcast"),
    [
        (Event.PUBLISHED, ["web", "email"], "", True, True),
        (Event.CHANGED, ["api"], " 3", True, True),
        (Event.RESOLVED, ["email"], "", False, False),
        (Event.PUBLISHED, ["web"], "", True, False),
    ],
)
def test_what_is_told_of_an_announcement(session, event, channels, nth, ends, is_broadcast):
    row = Announcement(slug="a", created_at=NOW, updated_at=NOW, version=3)
    given = AnnouncementIn(title="T", status="active", ends_at=NOW + HOUR, channels=channels)
    given.apply(row, now=NOW)
    announcements.notify(session, row, event, now=NOW + HOUR, at=NOW)
    (one,) = told(session)
    assert one.key == f"announcement a {event}{nth}"
    assert ("endsAt" in one.facts) is ends
    assert one.occurred_at == NOW
    assert row.last_broadcast_at == (NOW + HOUR if is_broadcast else None)
    row.ends_at = None
    row.slug = "b"
    announcements.notify(session, row, event, now=NOW)
    assert "endsAt" not in told(session)[1].facts


@pytest.mark.parametrize(
    ("age", "is_told", "why"),
    [
        (timedelta(0), True, "just now"),
        (NEWS, True, "a day ago is news still"),
        (NEWS + TICK, False, "what is written up late is not sent"),
    ],
)
def test_what_is_told_of_an_incident(
    session: Session, monkeypatch: pytest.MonkeyPatch, age, is_told, why
):
    monkeypatch.setattr(impacts, "states", lambda *_: {"api": "x"})
    row = rows.incident(next_update_at=NOW + HOUR, version=4)
    for event in (Event.OPENED, Event.UPDATED):
        incidents.notify(session, row, event, "m", now=NOW, at=NOW - age)
    found = told(session)
    # What is opened is news now, whenever it began.
    assert len(found) == (2 if is_told else 1), why
    assert found[0].key == "incident INC-1 opened"
    if is_told:
        assert [one.key for one in found] == ["incident INC-1 opened", "incident INC-1 updated 4"]
        assert found[0].facts["nextUpdateAt"] == "2030-06-03T13:00:00Z"
        assert (found[0].components, found[0].channels) == (["api"], ["email", "api"])


@pytest.mark.parametrize(
    ("values", "is_told", "why"),
    [
        ({"ends_at": NOW + 4 * HOUR}, True, "it takes longer"),
        ({"starts_at": NOW + 2 * HOUR}, True, "it begins later"),
        ({"components": ["api"]}, True, "it touches something else"),
        ({"title": "Other words"}, False, "another title is no news"),
        ({"message": "Other words"}, False, "nor are other words"),
        ({"owner": "bob", "rollback_plan": "x"}, False, "nor what operators think of"),
        ({}, False, "nor nothing at all"),
    ],
)
def test_which_edits_of_a_window_are_told(
    site: Site, still: StandingClock, values: dict[str, Any], is_told: bool, why: str
):
    still.moment = NOW
    site.portal.status.components.add(By("ada"), ComponentIn(slug="api", name="API"))
    base = {"title": "T", "starts_at": NOW + HOUR, "ends_at": NOW + 3 * HOUR}
    row = site.portal.status.windows.schedule(By("ada"), WindowIn(**base))
    site.portal.status.windows.edit(
        By("ada", version=1), row.reference, WindowIn(**{**base, **values})
    )
    with site.portal.core.open_session() as session:
        events = [one.event for one in told(session)]
    assert events == (["scheduled", "changed"] if is_told else ["scheduled"]), why


@pytest.mark.parametrize(
    ("before", "values", "changed", "event", "why"),
    [
        (Status.DRAFT, {}, [], Event.PUBLISHED, "it was a draft"),
        (Status.SCHEDULED, {}, ["title"], Event.PUBLISHED, "it was ahead"),
        (Status.RESOLVED, {}, [], Event.PUBLISHED, "it is taken up again"),
        (Status.ACTIVE, {}, ["title"], Event.CHANGED, "it says something else"),
        (Status.ACTIVE, {}, ["message", "updated_at"], Event.CHANGED, "in its text"),
        (Status.ACTIVE, {}, ["severity"], Event.CHANGED, "or how severe it is"),
        (Status.ACTIVE, {}, ["ends_at", "dismissible"], None, "its end is no news"),
        (Status.ACTIVE, {"resolved_at": NOW}, [], Event.RESOLVED, "it is over"),
        (Status.SCHEDULED, {"resolved_at": NOW}, [], None, "over before anybody knew"),
        (Status.RESOLVED, {"resolved_at": NOW}, ["title"], None, "over before"),
        (Status.DRAFT, {"is_draft": True}, ["title"], None, "a draft is nobody's to know"),
        (Status.ACTIVE, {"is_draft": True}, ["title"], None, "taken back"),
        (Status.DRAFT, {"starts_at": NOW + HOUR}, [], None, "it is ahead"),
    ],
)
def test_what_of_an_announcement_is_news(session: Session, before, values, changed, event, why):
    row = Announcement(slug="a", created_at=NOW, updated_at=NOW, version=1)
    AnnouncementIn(title="T", status="active").apply(row, now=NOW)
    for name, value in values.items():
        setattr(row, name, value)
    announcements.acts._notify_of_change(Transaction(session, NOW, By("a")), row, before, changed)
    assert [one.event for one in told(session)] == ([event.value] if event else []), why


@pytest.mark.parametrize(
    ("starts", "awaits", "events", "why"),
    [
        (HOUR, False, ["scheduled"], "it is ahead"),
        (timedelta(0), False, ["started"], "it runs"),
        (HOUR, True, [], "nobody has approved it"),
    ],
)
def test_what_of_a_new_window_is_told(session: Session, starts, awaits, events, why):
    row = window(starts_at=NOW + starts, ends_at=NOW + 2 * HOUR)
    row.awaits_approval = awaits
    windows.acts._notify_of_new(Transaction(session, NOW, By("a")), row)
    assert [one.event for one in told(session)] == events, why


@pytest.mark.parametrize(
    ("action", "starts", "event", "detail"),
    [
        (Action.START, HOUR, "started", {"starts": "12:00", "ends": "13:00"}),
        (Action.EXTEND, HOUR, "extended", {"before": "14:00", "after": "14:30"}),
        (Action.END, timedelta(0), "ended", {"ends": "14:00"}),
        (Action.CANCEL, HOUR, "cancelled", {}),
    ],
)
def test_each_act_on_a_window_is_on_record_and_told(
    site: Site, still: StandingClock, action, starts, event, detail
):
    still.moment = NOW
    given = WindowIn(title="T", starts_at=NOW + starts, ends_at=NOW + 2 * HOUR)
    row = site.portal.status.windows.schedule(By("ada"), given)
    duration = "30m" if action is Action.EXTEND else None
    act = WindowAct(action=action, duration=duration)
    changed = site.portal.status.windows.act(By("bob", version=1), row.reference, act)
    assert changed.version == 2
    with site.portal.core.open_session() as session:
        last = told(session)[-1]
        found, _ = search.search(session, event_type=f"maintenance.window.{event}")
    assert last.event == event
    moved = {name for name in last.facts if name.startswith("previous")}
    assert (
        moved
        == {
            Action.START: {"previousStartsAt", "previousEndsAt"},
            Action.EXTEND: {"previousEndsAt"},
            Action.END: {"previousEndsAt"},
            Action.CANCEL: set(),
        }[action]
    )
    assert {
        name: str(value)[11:16] for name, value in found[0].detail.items() if name != "ref"
    } == (detail)
    assert found[0].actor == "bob"


@pytest.mark.unit
@pytest.mark.parametrize(
    ("dialect", "kind"), [("postgresql", postgresql.Insert), ("sqlite", sqlite.Insert)]
)
def test_each_database_is_told_to_leave_what_is_there_in_its_own_words(dialect, kind):
    said: list[Any] = []
    session = SimpleNamespace(
        get_bind=lambda: SimpleNamespace(dialect=SimpleNamespace(name=dialect)), execute=said.append
    )
    notices.put(session, NoticeKind.MESSAGE, Event.SENT, "x", notices.Content(title="T"), now=NOW)
    assert isinstance(said[0], kind)


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
