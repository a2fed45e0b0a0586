"""What is shown of a picture, to whom, in which order and until when; on values alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.board import picture as pictures
from portal.board.banners import Banner
from portal.board.components import ComponentView
from portal.board.incidents import IncidentView
from portal.board.indicators import Indicator
from portal.board.picture import PAST_DAYS, Picture
from portal.status.components import Impact, State
from portal.status.terms import Audience, Channel, Status
from tests.instants import DAY, HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def banner(ref: str = "m-1", **values: Any) -> Banner:
    return Banner(
        **{
            "kind": "window",
            "ref": ref,
            "title": ref,
            "message": "",
            "message_html": "",
            "severity": "maintenance",
            "status": "active",
            "audiences": ["public"],
            "channels": ["web"],
            "dismissible": False,
            "zone": "UTC",
            "starts_at": NOW - HOUR,
            "ends_at": NOW + HOUR,
            "published_at": None,
            "resolved_at": None,
            "version": 1,
            **values,
        }
    )


def part(slug: str, state: State = State.OPERATIONAL, **values: Any) -> ComponentView:
    return ComponentView(
        **{
            "slug": slug,
            "name": slug,
            "group": "",
            "description": "",
            "is_public": True,
            "state": state,
            "uptime": 1.0,
            "states": [],
            "events": [],
            **values,
        }
    )


def event(ref: str = "INC-2030-0001", **values: Any) -> IncidentView:
    return IncidentView(
        **{
            "reference": ref,
            "title": ref,
            "impact": "major",
            "status": "investigating",
            "audiences": ["public"],
            "started_at": NOW - HOUR,
            "resolved_at": None,
            "next_update_at": None,
            "components": [],
            "updates": [],
            **values,
        }
    )


def picture(*found: Banner, **values: Any) -> Picture:
    return Picture(
        **{
            "revision": 1,
            "generated_at": NOW,
            "valid_until": NOW + HOUR,
            "banners": found,
            **values,
        }
    )


def refs(found: Any) -> list[str]:
    return [one.ref for one in found]


@pytest.mark.parametrize(
    ("over", "day", "why"),
    [
        (NOW - HOUR, 0, "an hour ago is today"),
        (NOW.replace(hour=0), 0, "midnight belongs to the day that begins"),
        (NOW.replace(hour=0) - TICK, 1, "a moment before is yesterday"),
        (NOW - 6 * DAY, 6, "the last day that is shown"),
        (NOW - 7 * DAY, None, "a week ago is not shown"),
    ],
)
def test_on_which_day_an_ended_one_is_listed(over, day, why):
    one = banner("over", status="resolved", starts_at=over - HOUR, ends_at=over)
    days = picture(one).past_days
    assert len(days) == PAST_DAYS
    assert [found.day for found in days] == [NOW.date() - n * DAY for n in range(PAST_DAYS)]
    assert [n for n, found in enumerate(days) if found.banners] == ([] if day is None else [day])


def test_a_day_lists_its_own_and_quiet_days_nothing():
    days = picture(
        banner("early", status="resolved", starts_at=NOW - 3 * DAY, ends_at=NOW - 2 * DAY),
        banner("cut", status="resolved", ends_at=NOW + HOUR, resolved_at=NOW - HOUR),
        banner("endless", status="resolved", ends_at=None),
        banner("runs"),
        banner("inside", status="resolved", ends_at=NOW - HOUR, audiences=["admin"]),
    ).past_days
    assert [refs(one.banners) for one in days] == [["cut"], [], ["early"], [], [], [], []]


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


def test_a_picture_is_good_until_something_begins_or_ends():
    def until(
        *found: Banner, parts: tuple[ComponentView, ...] = (), events: tuple[IncidentView, ...] = ()
    ) -> timedelta:
        return pictures.next_change(found, parts, events, NOW) - NOW

    near, turn = timedelta(seconds=3), 12 * HOUR
    assert until() == turn
    due = event(next_update_at=NOW + near)
    assert until(events=(due,)) == near
    assert until(events=(due.model_copy(update={"resolved_at": NOW}),)) == turn
    assert until(banner()) == HOUR
    assert until(banner(ends_at=NOW + near)) == near
    assert until(banner(starts_at=NOW + near)) == near
    # It is told of an hour and a half before.
    assert until(banner(starts_at=NOW + 3 * HOUR, ends_at=None)) == 1.5 * HOUR
    assert until(banner(ends_at=None)) == turn
    assert until(banner(resolved_at=NOW)) == turn
    assert until(banner(ends_at=NOW + TICK), banner(ends_at=NOW + near)) == TICK
    assert until(parts=(part("api", ahead=[(State.MAJOR, NOW - HOUR, NOW + near, "")]),)) == near


def test_what_only_some_may_see_does_not_say_when_it_begins():
    shown = picture(
        banner(),
        banner("inside", audiences=["admin"], starts_at=NOW + HOUR / 2),
        components=(
            part("hidden", is_public=False, ahead=[(State.MAJOR, NOW - HOUR, NOW + TICK, "")]),
        ),
    )
    assert shown.valid_for(Audience.PUBLIC) == NOW + HOUR
    assert shown.valid_for(Audience.ADMIN) == shown.valid_until


def test_without_the_database_the_same_is_seen_at_another_instant():
    before = picture(
        banner("ends", ends_at=NOW + HOUR),
        banner("begins", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, status="scheduled"),
    )
    later = before.at(NOW + HOUR, stale_since=NOW + TICK)
    assert [one.status for one in later.banners] == [Status.RESOLVED, Status.ACTIVE]
    assert later.stale_since == NOW + TICK
    assert (later.generated_at, later.revision) == (NOW, 1)
    assert later.valid_until == NOW + 2 * HOUR


def test_readers_answers_change_with_what_they_may_know_of():
    inside = event(audiences=["admin"], next_update_at=NOW + TICK)
    shown = picture(banner(), incidents=(inside,))
    assert shown.valid_for(Audience.PUBLIC) == NOW + HOUR
    public = event(next_update_at=NOW + TICK)
    assert picture(banner(), incidents=(public,)).valid_for(Audience.PUBLIC) == NOW + TICK


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


@pytest.mark.parametrize(
    ("moment", "changed", "why"),
    [
        (NOW, NOW, "this instant counts"),
        (NOW - TICK, NOW - TICK, "a moment ago"),
        (NOW + TICK, NOW.replace(hour=0), "what is to come has changed nothing"),
    ],
)
def test_when_something_public_changed_last(moment: datetime, changed: datetime, why: str):
    assert picture(components=(part("api", changed_at=moment),)).changed_at == changed, why


def test_without_the_database_a_component_is_not_known_for_ever():
    known = {"api": NOW + HOUR, "web": NOW + 2 * HOUR}
    shown = picture(components=(part("api"), part("web"), part("mail")), known_until=known)
    for now, unknown in (
        (NOW + HOUR - TICK, []),
        (NOW + HOUR, ["api"]),
        (NOW + 3 * HOUR, ["api", "web"]),
    ):
        later = shown.at(now, stale_since=NOW)
        assert [one.slug for one in later.components if one.is_unknown] == unknown


def test_a_picture_without_translations_is_the_same_in_every_language():
    shown = picture(banner(), incidents=(event(),), components=(part("api"),))
    assert shown.spoken("de") is shown
    told = picture(banner(translations={"de": {"title": "T"}}))
    assert told.spoken("de") is not told
    assert told.spoken("ja") is told
