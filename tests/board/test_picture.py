"""What is shown of a picture, to whom, in which order; on values alone."""

from typing import Any

import pytest

from portal.board.indicators import Indicator
from portal.status.components import Impact, State
from portal.status.terms import Audience, Channel, Status
from tests.board.pictures import banner, event, part, picture, refs
from tests.instants import DAY, HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def test_readers_get_what_is_theirs():
    found = (
        banner("public"),
        banner("admin", audiences=["admin"]),
        banner("mail", channels=["email"]),
        banner("over", status="resolved"),
    )
    shown = picture(*found)
    assert set(refs(shown.for_reader(Audience.PUBLIC))) == {"public", "mail", "over"}
    assert refs(shown.for_reader(Audience.ADMIN)) == ["admin"]
    assert set(refs(shown.for_reader(Audience.PUBLIC, channel=Channel.WEB))) == {"public", "over"}
    assert set(refs(shown.for_reader(Audience.PUBLIC, status=Status.ACTIVE))) == {"public", "mail"}
    assert refs(shown.active) == ["public"]
    assert refs(shown.public(Status.RESOLVED)) == ["over"]


def test_the_most_severe_and_latest_come_first():
    shown = picture(
        banner("old", starts_at=NOW - 2 * HOUR),
        banner("new", starts_at=NOW - HOUR),
        banner("security", severity="security", starts_at=NOW - 5 * HOUR),
        banner("info", severity="info", starts_at=NOW),
    )
    assert refs(shown.active) == ["security", "new", "old", "info"]


def test_what_is_coming_is_in_its_order_and_of_a_series_only_the_next_two():
    ahead = [
        banner(f"s{n}", status="scheduled", starts_at=NOW + n * DAY, series=4) for n in (4, 1, 3, 2)
    ]
    other = [
        banner("t1", status="scheduled", starts_at=NOW + 3 * DAY + HOUR, series=5),
        *(
            banner(f"alone{n}", status="scheduled", starts_at=NOW + n * DAY + 2 * HOUR)
            for n in (1, 2, 3)
        ),
    ]
    shown = picture(*ahead, *other)
    assert refs(shown.upcoming) == ["s1", "alone1", "s2", "alone2", "s3", "t1", "alone3", "s4"]
    assert refs(shown.coming) == ["s1", "alone1", "s2", "alone2", "t1", "alone3"]


def test_open_incidents_are_public_and_not_resolved():
    shown = picture(
        incidents=(
            event("open"),
            event("watched", status="monitoring"),
            event("over", status="resolved", resolved_at=NOW),
            event("inside", audiences=["admin"]),
        )
    )
    assert [one.reference for one in shown.open_incidents] == ["open", "watched"]
    found = shown.incident("over")
    assert found is not None
    assert found.reference == "over"
    assert shown.incident("nothing") is None


def test_components_are_counted_and_grouped_for_the_public_alone():
    shown = picture(
        components=(
            part("api", group="core"),
            part("web", State.PARTIAL, group="core"),
            part("hidden", State.MAJOR, group="core", is_public=False),
            part("docs", State.UNDER_MAINTENANCE),
        )
    )
    assert shown.affected == 2
    assert [(name, [one.slug for one in members]) for name, members in shown.groups] == [
        ("core", ["api", "web"]),
        ("", ["docs"]),
    ]
    assert shown.indicator is Indicator.MAJOR
    assert shown.description == "Partial outage"


@pytest.mark.parametrize(
    ("values", "indicator", "description"),
    [
        ({}, Indicator.NONE, "Nothing is monitored yet"),
        ({"components": (part("a"),)}, Indicator.NONE, "All systems operational"),
        (
            {"components": (part("a"), part("b", is_watched=False))},
            Indicator.NONE,
            "All systems operational",
        ),
        (
            {"components": (part("a", is_watched=False), part("b", is_public=False))},
            Indicator.NONE,
            "Nothing is monitored yet",
        ),
        (
            {"banners": (banner(severity="info", kind="announcement"),)},
            Indicator.NONE,
            "Nothing is monitored yet",
        ),
        (
            {"components": (part("a"), part("b", is_unknown=True))},
            Indicator.NONE,
            "Some states are not known at the moment",
        ),
        (
            {"components": (part("a"), part("b", is_unknown=True, is_public=False))},
            Indicator.NONE,
            "All systems operational",
        ),
        # What is known to be wrong is said, whatever else is not known.
        (
            {"components": (part("a", State.MAJOR), part("b", is_unknown=True))},
            Indicator.CRITICAL,
            "Major outage",
        ),
        ({"components": (part("a", State.MAJOR),)}, Indicator.CRITICAL, "Major outage"),
        ({"incidents": (event(impact="minor"),)}, Indicator.MINOR, "Minor disruption"),
        ({"incidents": (event(impact="critical"),)}, Indicator.CRITICAL, "Major outage"),
        ({"banners": (banner(),)}, Indicator.MAINTENANCE, "Under maintenance"),
        ({"banners": (banner(severity="security"),)}, Indicator.MINOR, "Security notice"),
        ({"banners": (banner(status="scheduled"),)}, Indicator.NONE, "Nothing is monitored yet"),
        # An incident speaks for itself, not as a banner too.
        (
            {
                "banners": (banner(kind="incident", severity="incident"),),
                "incidents": (event(impact="minor"),),
            },
            Indicator.MINOR,
            "Minor disruption",
        ),
        (
            {"components": (part("a", State.DEGRADED),), "incidents": (event(impact="minor"),)},
            Indicator.MINOR,
            "Degraded performance",
        ),
    ],
)
def test_the_worst_that_is_said_is_the_state_of_all(values, indicator, description):
    shown = picture(**values)
    assert (shown.indicator, shown.description) == (indicator, description)


@pytest.mark.parametrize(
    ("values", "is_overdue", "why"),
    [
        ({"next_update_at": NOW}, True, "its time has come"),
        ({"next_update_at": NOW + TICK}, False, "there is time left"),
        ({"next_update_at": None}, False, "none was announced"),
        ({"next_update_at": NOW, "resolved_at": NOW}, False, "it is over"),
    ],
)
def test_when_an_update_is_overdue(values: dict[str, Any], is_overdue: bool, why: str):
    one = event(**values)
    assert picture(incidents=(one,)).is_overdue(one) is is_overdue, why


def test_a_notice_of_an_incident_touches_what_that_does():
    api, web = (Impact(component=slug, state=State.MAJOR) for slug in ("api", "web"))
    shown = picture(
        components=(part("api"), part("web"), part("mail"), part("in", is_public=False)),
        incidents=(event("INC-1", components=[web, api]),),
    )
    assert shown.affected_by(banner("INC-1", kind="incident", components=["mail"])) == [
        "api",
        "web",
    ]
    assert shown.affected_by(banner("m-1", components=["mail", "in"])) == ["mail"]


def test_a_picture_without_translations_is_the_same_in_every_language():
    shown = picture(banner(), incidents=(event(),), components=(part("api"),))
    assert shown.spoken("de") is shown
    told = picture(banner(translations={"de": {"title": "T"}}))
    assert told.spoken("de") is not told
    assert told.spoken("ja") is told
