"""What a banner says of itself at an instant; on values alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.board import banners, incidents
from portal.board.banners import Banner
from portal.board.incidents import IncidentView
from portal.status.components import Impact, State
from portal.status.incidents import Incident, IncidentUpdate, Progress, UpdateIn
from portal.status.retrospectives import Retrospective
from portal.status.terms import Status
from portal.status.windows import Window
from tests import rows
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def banner(**values: Any) -> Banner:
    return Banner(
        **{
            "kind": "window",
            "ref": "m-1",
            "title": "T",
            "message": "",
            "message_html": "",
            "severity": "maintenance",
            "status": "active",
            "audiences": ["public"],
            "channels": ["web"],
            "dismissible": False,
            "zone": "UTC",
            "starts_at": NOW - HOUR,
            "ends_at": None,
            "published_at": None,
            "resolved_at": None,
            "version": 1,
            **values,
        }
    )


@pytest.mark.parametrize(
    ("starts", "ends", "resolved", "status", "why"),
    [
        (-HOUR, None, None, Status.ACTIVE, "it has begun and has no end"),
        (timedelta(0), None, None, Status.ACTIVE, "its first instant"),
        (TICK, None, None, Status.SCHEDULED, "it begins in a moment"),
        (-HOUR, HOUR, None, Status.ACTIVE, "its end is ahead"),
        (-HOUR, timedelta(0), None, Status.RESOLVED, "its end is now"),
        (-HOUR, TICK, None, Status.ACTIVE, "its end is in a moment"),
        (-HOUR, HOUR, -TICK, Status.RESOLVED, "it was resolved before its end"),
        (-HOUR, HOUR, timedelta(0), Status.RESOLVED, "it is resolved now"),
        (-HOUR, -TICK, HOUR, Status.ACTIVE, "the end it was given counts before the planned one"),
        (HOUR, 2 * HOUR, -HOUR, Status.RESOLVED, "called off before it began"),
    ],
)
@pytest.mark.parametrize("before", list(Status)[1:])
def test_when_a_banner_is_over(before, starts, ends, resolved, status, why):
    one = banner(
        status=before,
        starts_at=NOW + starts,
        ends_at=None if ends is None else NOW + ends,
        resolved_at=None if resolved is None else NOW + resolved,
    )
    moved = one.at(NOW)
    assert moved.status is status, why
    assert moved == one.model_copy(update={"status": status})
    assert (moved is one) is (before is status)


@pytest.mark.parametrize(
    ("ends", "resolved", "over", "why"),
    [
        (None, None, None, "it has no end"),
        (HOUR, None, HOUR, "it ends as planned"),
        (HOUR, -HOUR, -HOUR, "it was resolved before"),
        (None, -HOUR, -HOUR, "it was resolved"),
    ],
)
def test_when_it_is_over(ends, resolved, over, why):
    def moment(step: timedelta | None) -> datetime | None:
        return None if step is None else NOW + step

    one = banner(ends_at=moment(ends), resolved_at=moment(resolved))
    assert one.over_at == moment(over), why


def window(**values: Any) -> Window:
    described = {"message": "**m**", "zone": "Europe/Berlin", "channels": ["web"]}
    made = {"created_at": NOW - 2 * HOUR, "series_id": 4, "version": 3}
    return rows.window(**{**described, **made, **values})


@pytest.mark.parametrize(
    ("values", "status", "resolved_at"),
    [
        ({}, Status.ACTIVE, None),
        ({"starts_at": NOW + TICK}, Status.SCHEDULED, None),
        ({"awaits_approval": True}, Status.SCHEDULED, None),
        ({"ends_at": NOW}, Status.RESOLVED, None),
        ({"ended_at": NOW - TICK}, Status.RESOLVED, NOW - TICK),
        ({"cancelled_at": NOW - TICK}, Status.RESOLVED, NOW - TICK),
    ],
)
def test_a_window_as_a_banner(values, status, resolved_at):
    one = banners.of_window(window(**values), now=NOW)
    assert (one.status, one.resolved_at) == (status, resolved_at)
    assert (one.kind, one.zone, one.series, one.version) == ("window", "Europe/Berlin", 4, 3)
    assert one.dismissible is False
    assert one.message_html == "<p><strong>m</strong></p>"
    assert one.published_at == NOW - 2 * HOUR


def test_an_announcement_as_a_banner():
    row = rows.announcement(
        message="m",
        severity="security",
        audiences=["admin"],
        channels=["email"],
        ends_at=NOW + HOUR,
        published_at=NOW - HOUR,
        resolved_at=NOW,
        version=2,
    )
    one = banners.of_announcement(row, now=NOW)
    assert (one.kind, one.ref, one.status) == ("announcement", "a", Status.RESOLVED)
    assert (one.dismissible, one.zone, one.over_at) == (True, "UTC", NOW)


def incident(**values: Any) -> Incident:
    return rows.incident(**{"reference": "INC-2030-0001", "status": "investigating", **values})


def line(minutes: int, message: str, **values: Any) -> IncidentUpdate:
    """So many minutes before now."""
    return IncidentUpdate(
        **{
            "at": NOW - timedelta(minutes=minutes),
            "message": message,
            "is_public": True,
            "status": "investigating",
            **values,
        }
    )


def test_readers_see_public_updates_alone():
    lines = [
        line(1, "latest"),
        line(2, "inside", is_public=False),
        line(3, "a note", status=None, is_public=False),
        line(4, "never said", status=None),
        line(5, "first"),
    ]
    shown = incidents.view(incident(), lines, [])
    assert [one.message for one in shown.updates] == ["latest", "first"]
    assert shown.is_public
    assert not incidents.view(incident(audiences=["admin"]), lines, []).is_public


def test_an_incident_as_a_banner_says_its_latest_words():
    shown = incidents.view(incident(), [line(1, "latest"), line(5, "first")], [])
    one = incidents.banner(shown, 7)
    assert (one.message, one.message_html) == ("latest", "<p>latest</p>")
    assert (one.status, one.ends_at, one.version) == (Status.ACTIVE, None, 7)
    assert one.published_at == NOW - timedelta(minutes=5)
    assert one.dismissible is False


def test_an_incident_without_a_word_is_told_all_the_same():
    one = incidents.banner(incidents.view(incident(resolved_at=NOW), [], []), 1)
    assert (one.message, one.message_html) == ("", "")
    assert (one.status, one.over_at, one.published_at) == (Status.RESOLVED, NOW, NOW - HOUR)


def test_an_update_that_is_not_posted_yet_is_seen_as_it_would_be():
    api, web = (Impact(component=slug, state=State.MAJOR) for slug in ("api", "web"))
    said = UpdateIn(status=Progress.MONITORING, message="Better.")
    shown, one = incidents.of_update(incident(version=3), [api], said, now=NOW)
    assert (shown.components, shown.status, one.message) == ([api], Progress.MONITORING, "Better.")
    said = UpdateIn(status=Progress.MONITORING, message="Better.", components=[web])
    assert incidents.of_update(incident(version=3), [api], said, now=NOW)[0].components == [web]
    said = UpdateIn(status=Progress.MONITORING, message="Better.", components=[])
    assert incidents.of_update(incident(version=3), [api], said, now=NOW)[0].components == []


def test_what_was_learned_later_is_seen():
    known, row = incidents.Known(), incident(id=1, version=1)

    def learned(version: int, impact: str) -> Retrospective:
        return Retrospective(
            id=1, root_cause="x", impact=impact, actions=[], version=version, updated_at=NOW
        )

    def told(learned: dict[int, Retrospective]) -> IncidentView:
        ((shown, _),) = known.told([row], {}, learned, read=lambda ids: {})
        return shown

    assert told({}).postmortem is None
    for version, impact in ((1, "much"), (2, "little")):
        found = told({1: learned(version, impact)}).postmortem
        assert found is not None
        assert found.impact == impact
    assert known.made == 3
    told({1: learned(2, "little")})
    assert known.made == 3, "what is as it was is the very same"
