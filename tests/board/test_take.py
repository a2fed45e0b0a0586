"""What is read into a picture, and what is too old, too far ahead or not for everyone."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.board import published
from portal.board.history import History
from portal.board.picture import PAST_DAYS, Picture
from portal.board.published import CANCELLED_DAYS
from portal.monitors.states import MonitorSpan, MonitorState
from portal.runtime.episode import Episode
from portal.status.components import Component, Span, State
from portal.status.windows import Window
from tests import rows
from tests.instants import DAY, HOUR, NOW, TICK
from tests.monitors.factories import monitor

# What is over leaves the picture when a day turns, so that it stays the same all day.
MORNING = NOW - NOW.replace(hour=0)
AHEAD, PAST = 300 * DAY, PAST_DAYS * DAY + MORNING


def take(session: Session) -> Picture:
    session.flush()
    return published.take(session, now=NOW)


def moment(step: timedelta | None) -> datetime | None:
    return None if step is None else NOW + step


def window(session: Session, **values: Any) -> Window:
    row = rows.window(**values)
    session.add(row)
    return row


def part(session: Session, slug: str = "api", **values: Any) -> None:
    session.add(rows.component(slug, **values))
    session.flush()


def incident(session: Session, number: int = 1, **values: Any) -> None:
    started = {"started_at": NOW - 3 * HOUR}
    session.add(rows.incident(**{"id": number, "reference": f"INC-{number}", **started, **values}))
    session.flush()


@pytest.mark.parametrize(
    ("starts", "ends", "resolved", "is_draft", "is_shown", "why"),
    [
        (-HOUR, None, None, False, True, "it runs"),
        (-HOUR, None, None, True, False, "a draft is shown to nobody"),
        (AHEAD, None, None, False, True, "however far ahead"),
        (-9 * DAY, -PAST + TICK, None, False, True, "over a moment less than a week ago"),
        (-9 * DAY, -PAST, None, False, False, "a week ago"),
        (-9 * DAY, None, -PAST + TICK, False, True, "resolved less than a week ago"),
        (-9 * DAY, None, -PAST, False, False, "resolved a week ago"),
        (-9 * DAY, HOUR, -PAST - HOUR, False, False, "resolved long before its planned end"),
    ],
)
def test_which_announcements_are_read(session, starts, ends, resolved, is_draft, is_shown, why):
    session.add(
        rows.announcement(
            is_draft=is_draft,
            starts_at=NOW + starts,
            ends_at=moment(ends),
            resolved_at=moment(resolved),
        )
    )
    assert bool(take(session).banners) is is_shown, why


@pytest.mark.parametrize(
    ("values", "is_shown", "why"),
    [
        ({}, True, "it runs"),
        ({"awaits_approval": True}, False, "nobody approved it"),
        ({"cancelled_at": NOW}, False, "it was called off"),
        ({"starts_at": NOW + AHEAD, "ends_at": NOW + AHEAD + HOUR}, True, "however far ahead"),
        ({"starts_at": NOW - 9 * DAY, "ends_at": NOW - PAST + TICK}, True, "less than a week ago"),
        ({"starts_at": NOW - 9 * DAY, "ends_at": NOW - PAST}, True, "it is among the latest"),
        (
            {"starts_at": NOW - 9 * DAY, "ends_at": NOW - PAST, "audiences": ["admin"]},
            False,
            "a week ago, and not for everyone",
        ),
    ],
)
def test_which_windows_are_read(session: Session, values, is_shown, why):
    window(session, **values)
    assert bool(take(session).banners) is is_shown, why


@pytest.mark.parametrize(
    ("ago", "awaits", "is_told", "why"),
    [
        (timedelta(0), False, True, "just now"),
        (CANCELLED_DAYS * DAY + MORNING - TICK, False, True, "a month ago, on the last day"),
        (CANCELLED_DAYS * DAY + MORNING, False, False, "before that day"),
        (timedelta(0), True, False, "nobody ever knew of it"),
    ],
)
def test_which_cancelled_windows_calendars_are_told(session: Session, ago, awaits, is_told, why):
    window(session, cancelled_at=NOW - ago, awaits_approval=awaits)
    assert bool(take(session).cancelled) is is_told, why


def test_incidents_are_read_with_a_banner_each(session: Session):
    incident(session)
    incident(session, 2, resolved_at=NOW - PAST + TICK, status="resolved")
    incident(session, 3, resolved_at=NOW - PAST, status="resolved", audiences=["admin"])
    found = take(session)
    assert {one.reference for one in found.incidents} == {"INC-1", "INC-2"}
    assert {one.ref for one in found.banners} == {"INC-1", "INC-2"}
    assert found.generated_at == NOW
    assert found.components == ()


def span(session: Session, began: timedelta, ended: timedelta | None, **values: Any) -> None:
    session.add(
        Span(
            **{
                "component_id": 1,
                "incident_id": None,
                "state": "major_outage",
                "began_at": NOW + began,
                "ended_at": moment(ended),
                **values,
            }
        )
    )


def events(session: Session, number: int = 0) -> list[tuple[State, list[str]]]:
    return [(one.state, one.labels) for one in take(session).components[number].events]


def test_a_component_is_impaired_by_what_the_public_may_know(session: Session):
    part(session)
    incident(session, 1, audiences=["admin"])
    incident(session, 2)
    incident(session, 3, resolved_at=NOW - HOUR, status="resolved")
    span(session, -3 * HOUR, None, incident_id=1)
    assert events(session) == []
    span(session, -2 * HOUR, -HOUR, incident_id=2, state="partial_outage")
    assert events(session) == [(State.PARTIAL, ["INC-2"])]
    span(session, -4 * HOUR, -3 * HOUR, incident_id=3, state="degraded_performance")
    assert events(session) == [(State.PARTIAL, ["INC-3", "INC-2"])]
    span(session, -HOUR, None)
    assert events(session) == [(State.MAJOR, ["INC-3", "INC-2"])]
    assert take(session).components[0].state is State.MAJOR


@pytest.mark.parametrize(
    ("ago", "is_known"), [(89 * DAY + MORNING - TICK, True), (89 * DAY + MORNING, False)]
)
def test_an_incident_of_ninety_days_ago_is_forgotten(session: Session, ago, is_known):
    part(session)
    incident(session, resolved_at=NOW - ago, status="resolved", started_at=NOW - 95 * DAY)
    span(session, -HOUR, None, incident_id=1)
    assert bool(events(session)) is is_known


def test_windows_put_their_components_under_maintenance(session: Session):
    for slug in ("api", "web", "docs"):
        part(session, slug)
    window(session, reference="m-1", components=["nothing", "api"])
    window(session, reference="m-2", components=["web"], audiences=["admin"])
    window(
        session,
        reference="m-3",
        components=["docs"],
        effects={"docs": "partial_outage"},
        ended_at=NOW - HOUR / 2,
    )
    window(
        session,
        reference="m-4",
        components=["api"],
        starts_at=NOW - 95 * DAY,
        ends_at=NOW - 90 * DAY,
    )
    window(session, reference="m-5", components=["web"], starts_at=NOW + TICK)
    window(session, reference="m-6", components=["web"], cancelled_at=NOW)
    found = {one.slug: one for one in take(session).components}
    assert {slug: one.state for slug, one in found.items()} == {
        "api": State.UNDER_MAINTENANCE,
        "web": State.OPERATIONAL,
        "docs": State.OPERATIONAL,
    }
    assert [one.labels for one in found["api"].events] == [["m-1"]]
    assert found["web"].events == []
    assert [(one.state, one.minutes) for one in found["docs"].events] == [(State.PARTIAL, 30)]
    assert found["docs"].uptime == 1.0


def test_a_window_that_starts_now_counts(session: Session):
    part(session)
    window(session, components=["api"], starts_at=NOW)
    assert take(session).components[0].state is State.UNDER_MAINTENANCE


def episode(session: Session, **values: Any) -> None:
    session.add(
        Episode(
            **{
                "alert": "worker-error",
                "subject": "jobs",
                "title": "T",
                "severity": "critical",
                "opened_at": NOW - HOUR,
                "seen_at": NOW,
                "closed_at": None,
                "value": 1.0,
                "peak": 1.0,
                "threshold": 0.0,
                "unit": "",
                "labels": {},
                "source": "portal",
                **values,
            }
        )
    )


@pytest.mark.parametrize(
    ("alerts", "values", "state", "why"),
    [
        (["worker-error"], {}, State.DEGRADED, "it depends on the alert"),
        (["worker-error:jobs"], {}, State.DEGRADED, "or on the alert of one subject"),
        (["worker-error:other"], {}, State.OPERATIONAL, "not on that of another"),
        (["pool-waiting"], {}, State.OPERATIONAL, "nor on another alert"),
        ([], {"labels": {"component": "api"}}, State.OPERATIONAL, "ours names no component"),
        (
            [],
            {"labels": {"component": "api"}, "source": "alertmanager"},
            State.PARTIAL,
            "one of Alertmanager's may",
        ),
        (
            [],
            {"labels": {"component": "web"}, "source": "alertmanager"},
            State.OPERATIONAL,
            "it names another",
        ),
        (
            [],
            {"labels": {"component": "api"}, "source": "alertmanager", "severity": "warning"},
            State.DEGRADED,
            "it is not so bad",
        ),
        (["worker-error"], {"source": "alertmanager"}, State.DEGRADED, "without naming one"),
        (["worker-error"], {"closed_at": NOW - HOUR / 2}, State.OPERATIONAL, "it is over"),
        (
            [],
            {"labels": {"component": "api", "state": "major_outage"}, "source": "monitor"},
            State.MAJOR,
            "a monitor says how bad it is",
        ),
    ],
)
def test_an_alert_impairs_what_depends_on_it(session: Session, alerts, values, state, why):
    part(session, alerts=alerts)
    episode(session, **values)
    assert take(session).components[0].state is state, why


def test_a_label_of_an_alert_of_ours_names_no_component(session: Session):
    part(session, "web", alerts=["worker-error"])
    part(session, "api")
    episode(session, labels={"component": "api"})
    found = {one.slug: one.state for one in take(session).components}
    assert found == {"web": State.DEGRADED, "api": State.OPERATIONAL}


@pytest.mark.parametrize(
    ("values", "held", "is_watched", "why"),
    [
        ({}, None, False, "nobody speaks of it"),
        ({"alerts": ["pool-waiting"]}, None, True, "it depends on an alert"),
        ({"version": 2}, None, True, "an operator has changed it"),
        (
            {},
            {"labels": {"component": "api"}, "source": "alertmanager"},
            True,
            "an alert of others has named it",
        ),
        (
            {},
            {"labels": {"component": "api", "state": "major_outage"}, "source": "monitor"},
            False,
            "what a monitor says is known while it looks",
        ),
    ],
)
def test_whether_anybody_speaks_of_a_component(session: Session, values, held, is_watched, why):
    part(session, **values)
    if held is not None:
        episode(session, **held)
    (one,) = take(session).components
    assert one.is_watched is is_watched, why
    assert one.counts_from == (one.since if is_watched else None)


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


def test_what_went_on_and_is_over_does_not_go_on(session: Session):
    history = History()
    part(session)
    incident(session)
    span(session, -30 * HOUR, None)
    session.flush()
    assert published.take(session, now=NOW, history=history).components[0].state is State.MAJOR
    session.query(Span).one().ended_at = NOW
    session.flush()
    assert published.take(session, now=NOW, history=history).components[0].state is (
        State.OPERATIONAL
    )


def test_a_window_counts_two_days_before_it_begins(session: Session):
    part(session)
    for number, step in enumerate((timedelta(0), TICK)):
        starts = NOW + 2 * DAY + step
        window(
            session,
            reference=f"m-{number}",
            components=["api"],
            starts_at=starts,
            ends_at=starts + HOUR,
        )
    (one,) = take(session).components
    assert [found.label for found in one.ahead] == ["m-0"]


def test_monitors_of_public_components_alone_are_public(session: Session):
    part(session, "api")
    part(session, "in", is_public=False)
    for number, slug in enumerate(("api", "in")):
        row = monitor(id=7 + number, slug=f"of-{slug}", component=slug, shows_latency=True)
        session.add(row)
    assert [one.slug for one in take(session).monitors] == ["of-api"]


def test_what_was_is_read_again_when_it_was_changed(session: Session):
    history = History()
    part(session)
    span(session, -50 * HOUR, -48 * HOUR)

    def worst() -> list[State]:
        session.flush()
        shown = published.take(session, now=NOW, history=history).components[0]
        return [one.state for one in shown.events]

    assert worst() == worst() == [State.MAJOR]
    assert history.computed == 1, "days that are over are computed once"
    session.query(Span).one().state = State.PARTIAL.value
    assert worst() == [State.PARTIAL]
    assert history.computed == 2
    span(session, -HOUR, None)
    for minutes in (0, 5, 10):
        session.flush()
        published.take(session, now=NOW + timedelta(minutes=minutes), history=history)
    assert history.viewed == 5, "what goes on is seen anew"
    assert history.computed == 2, "and what is over is not"


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
