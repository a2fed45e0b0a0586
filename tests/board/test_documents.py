"""Feeds, calendar, badge and the Statuspage API, made from a picture; on values alone."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import icalendar
import pytest

from portal.board import badges, calendars, feeds, statuspage
from portal.board.components import ComponentView
from portal.board.feeds import MOST_ENTRIES
from portal.board.picture import Picture
from portal.board.site import Site
from portal.monitors.health import Health
from portal.monitors.public_views import PublicMonitor
from portal.status.components import State
from tests.board.test_picture import HOUR, NOW, banner, event, part, picture

pytestmark = pytest.mark.unit
SITE = Site("Sïte", "https://status.example")
BARE = Site("Site", "")
ATOM = "{http://www.w3.org/2005/Atom}"


def update(minutes: int, message: str, status: str = "identified") -> dict[str, Any]:
    return {
        "at": NOW - timedelta(minutes=minutes),
        "status": status,
        "message": message,
        "message_html": f"<p>{message}</p>",
    }


def test_an_entry_is_as_new_as_the_last_word_on_it():
    shown = picture(
        banner("said", kind="announcement", published_at=NOW - HOUR, message_html="<p>a</p>"),
        banner("INC-1", kind="incident", starts_at=NOW - 3 * HOUR),
        banner("over", kind="announcement", published_at=NOW - 5 * HOUR, resolved_at=NOW),
        banner("never", kind="announcement", starts_at=NOW - 9 * HOUR),
        banner("m-1", starts_at=NOW - 2 * HOUR, published_at=NOW - 8 * HOUR, message_html="w"),
        incidents=(event("INC-1", updates=[update(2, "late"), update(90, "early")]),),
    )
    found = feeds.entries(shown, SITE)
    assert [(one.id.rpartition(":")[2], one.updated_at) for one in found] == [
        ("over", NOW),
        ("INC-1", NOW - timedelta(minutes=2)),
        ("said", NOW - HOUR),
        ("m-1", NOW - 8 * HOUR),
        ("never", NOW - 9 * HOUR),
    ]
    html = {one.id.rpartition(":")[2]: one.html for one in found}
    assert html["said"] == "<p>a</p>"
    assert html["INC-1"].startswith("<p><strong>Identified</strong>, 2030-06-03T11:58:00Z</p>")
    assert html["INC-1"].index("late") < html["INC-1"].index("early")
    assert html["m-1"] == ("<p>In progress: 2030-06-03T10:00:00Z – 2030-06-03T13:00:00Z</p>w")
    assert found[0].published_at == NOW - 5 * HOUR


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"status": "scheduled"}, "Planned: 2030-06-03T11:00:00Z – 2030-06-03T13:00:00Z"),
        ({"status": "resolved", "ends_at": None}, "Completed: 2030-06-03T11:00:00Z"),
    ],
)
def test_when_a_window_is(values, text):
    assert feeds._span(banner(**values), SITE) == text


def test_feeds_hold_so_many_and_the_latest():
    shown = picture(*(banner(f"m-{n}", published_at=NOW - n * HOUR) for n in range(60)))
    found = feeds.entries(shown, SITE)
    assert len(found) == MOST_ENTRIES
    assert found[-1].updated_at == NOW - (MOST_ENTRIES - 1) * HOUR


def test_names_and_links_with_and_without_an_address():
    one = banner("m-1")
    assert SITE.id_of(one) == "tag:status.example,2026:window:m-1"
    assert BARE.id_of(one) == "urn:portal:window:m-1"
    assert SITE.link_to(one) == "https://status.example/maintenance/m-1"
    assert SITE.link_to(banner("I", kind="incident")) == "https://status.example/incidents/I"
    assert SITE.link_to(banner("a", kind="announcement")) == "https://status.example/"


@pytest.mark.parametrize(
    ("site", "identity", "links"),
    [(SITE, "tag:status.example,2026:status", 2), (BARE, "urn:portal:status", 0)],
)
def test_the_head_of_the_feeds(site: Site, identity: str, links: int):
    shown = picture(banner("m-1", published_at=NOW - HOUR))
    root = ElementTree.fromstring(feeds.atom(shown, site)[1])
    assert root.findtext(f"{ATOM}id") == identity
    assert len(root.findall(f"{ATOM}link")) == links
    assert root.findtext(f"{ATOM}updated") == "2030-06-03T11:00:00Z"
    empty = ElementTree.fromstring(feeds.atom(picture(), site)[1])
    # Where there is nothing to tell, the day; not the instant at which somebody asked.
    assert empty.findtext(f"{ATOM}updated") == "2030-06-03T00:00:00Z"
    channel = ElementTree.fromstring(feeds.rss(shown, site)[1])[0]
    assert len(channel.findall(f"{ATOM}link")) == links // 2
    body = json.loads(feeds.json_feed(shown, site)[1])
    assert ("feed_url" in body) is ("home_page_url" in body) is bool(links)


def test_letters_stay_letters():
    for made in (feeds.json_feed(picture(), SITE), feeds.atom(picture(), SITE)):
        assert "Sïte".encode() in made[1]
    whole = statuspage.documents(SITE)["/api/v2/status.json"](picture())
    assert "Sïte".encode() in whole[1]


def test_the_calendar_has_public_windows_and_those_called_off():
    shown = picture(
        banner("m-1", zone="Europe/Berlin", published_at=NOW - 5 * HOUR, version=3),
        banner("m-2", resolved_at=NOW, published_at=NOW - 5 * HOUR, starts_at=NOW - 2 * HOUR),
        banner("m-3", ends_at=None, starts_at=NOW - 3 * HOUR),
        banner("mail", channels=["email"], starts_at=NOW - 4 * HOUR),
        banner("admin", audiences=["admin"]),
        banner("said", kind="announcement"),
        cancelled=(
            banner("m-4", resolved_at=NOW, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
            banner("m-5", resolved_at=NOW, audiences=["admin"]),
            banner("m-6", resolved_at=NOW, starts_at=NOW + 3 * HOUR, ends_at=None),
        ),
    )
    made = icalendar.Calendar.from_ical(calendars.whole(shown, SITE)[1])
    found = {str(one["uid"]).partition("@")[0]: one for one in made.walk("VEVENT")}
    assert list(found) == ["mail", "m-3", "m-2", "m-1", "m-4", "m-6"]
    stamps = {name: one.decoded("dtstamp") for name, one in found.items()}
    assert stamps["m-1"] == NOW - 5 * HOUR
    assert stamps["m-2"] == NOW
    assert stamps["m-3"] == NOW - 3 * HOUR
    ends = {name: one.decoded("dtend") for name, one in found.items()}
    assert (ends["m-1"], ends["m-2"], ends["m-3"]) == (NOW + HOUR, NOW, NOW - 3 * HOUR)
    assert (ends["m-4"], ends["m-6"]) == (NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert found["m-1"].decoded("dtstart").hour == 11
    assert not any("TZID" in one["dtstart"].params for one in found.values())
    assert [str(found[name]["status"]) for name in ("m-1", "m-4")] == ["CONFIRMED", "CANCELLED"]
    assert int(found["m-1"]["sequence"]) == 3
    assert str(found["m-1"]["url"]) == "https://status.example/maintenance/m-1"
    assert str(found["m-1"]["uid"]) == "m-1@status.example"
    bare = icalendar.Calendar.from_ical(calendars.whole(shown, BARE)[1]).walk("VEVENT")[0]
    assert "url" not in bare
    assert str(bare["uid"]) == "mail@portal.invalid"


def test_the_badge_is_as_wide_as_its_word():
    _, body = badges.badge(picture(components=(part("api"),)), SITE)
    text = body.decode()
    right = 16 + round(len("All systems operational") * 6.6)
    assert f'width="{52 + right}" height="20" role="img"' in text
    assert f'<rect width="{52 + right}"' in text
    assert f'<path d="M52 0h{right - 4}a4' in text
    assert '<text x="60" y="14">All systems operational</text>' in text
    assert "#127a46" in text


def test_the_badge_of_a_portal_that_watches_nothing_is_grey():
    text = badges.badge(picture(), SITE)[1].decode()
    assert "status: Nothing is monitored yet" in text
    assert "#127a46" not in text


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (part("api"), "api: operational"),
        (part("api", is_unknown=True), "api: unknown"),
        (part("api", State.MAJOR, is_unknown=True), "api: major outage"),
    ],
)
def test_the_badge_of_a_component_says_what_is_known(one: ComponentView, said: str):
    assert f"<title>{said}</title>" in badges.of_component(one, SITE)[1].decode().lower()


@pytest.mark.parametrize(
    ("health", "uptime", "said"),
    [
        (Health.UP, None, "Shop: up"),
        (Health.DOWN, 0.9951, "Shop: down · 99.51% in 30 days"),
        (Health.UNKNOWN, 0.0, "Shop: unknown · 0.00% in 30 days"),
    ],
)
def test_the_badge_of_a_monitor_says_its_uptime(health: Health, uptime: float | None, said: str):
    one = PublicMonitor("shop", "Shop", "api", health, uptime, NOW)
    assert f"<title>{said}</title>" in badges.of_monitor(one, SITE)[1].decode()


@pytest.mark.parametrize(
    ("text", "width"),
    [("aaaaa", 33), ("a.a", 17), ("a\u202f%", 17), ("稼働", 22), ("\u2fff", 7), ("\u3000", 11)],
)
def test_letters_of_a_badge_have_a_width(text: str, width: int):
    assert badges._width(text) == width


def test_the_feeds_are_as_new_as_their_latest_entry():
    old, late = (
        banner(ref, starts_at=NOW - hours * HOUR, published_at=NOW - hours * HOUR)
        for ref, hours in (("old", 5), ("late", 3))
    )
    shown = picture(old, late, components=(part("api", changed_at=NOW),))
    latest = max(one.updated_at for one in feeds.entries(shown, SITE))
    root = ElementTree.fromstring(feeds.atom(shown, SITE)[1])
    assert root.findtext(f"{ATOM}updated") == latest.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert latest < shown.changed_at
    quiet = ElementTree.fromstring(feeds.atom(picture(), SITE)[1])
    assert quiet.findtext(f"{ATOM}updated") == "2030-06-03T00:00:00Z"


def whole(shown: Picture, path: str = "summary") -> dict[str, Any]:
    _, body = statuspage.documents(SITE)[f"/api/v2/{path}.json"](shown)
    found: dict[str, Any] = json.loads(body)
    return found


def test_statuspage_components_and_groups():
    shown = picture(
        components=(
            part("api", group="Core", description="It answers."),
            part("web", State.PARTIAL, group="Core"),
            part("hidden", State.MAJOR, group="Core", is_public=False),
            part("mail"),
        )
    )
    found = {one["id"]: one for one in whole(shown, "components")["components"]}
    assert list(found) == ["group-1", "api", "web", "mail"]
    assert found["group-1"]["status"] == "partial_outage"
    assert found["group-1"]["components"] == ["api", "web"]
    assert [one["group"] for one in found.values()] == [True, False, False, False]
    assert [one["group_id"] for one in found.values()] == [None, "group-1", "group-1", None]
    assert [one["description"] for one in found.values()] == [None, "It answers.", None, None]
    assert [one["position"] for one in found.values()] == [1, 1, 2, 3]
    assert {one["showcase"] for one in found.values()} == {True}
    assert {one["only_show_if_degraded"] for one in found.values()} == {False}


def test_statuspage_incidents():
    lines = [
        update(1, "d", "monitoring"),
        update(3, "c", "identified"),
        update(5, "b", "monitoring"),
        update(9, "a", "investigating"),
    ]
    shown = picture(
        components=(part("api"),),
        incidents=(
            event("INC-1", started_at=NOW - 3 * HOUR),
            event(
                "INC-2",
                started_at=NOW - HOUR,
                updates=lines,
                status="resolved",
                resolved_at=NOW,
                components=[
                    {"component": "api", "state": "major_outage"},
                    {"component": "gone", "state": "major_outage"},
                ],
            ),
            event("INC-3", audiences=["admin"]),
        ),
    )
    late, early = whole(shown, "incidents")["incidents"]
    assert (late["id"], early["id"]) == ("INC-2", "INC-1")
    assert [one["id"] for one in late["incident_updates"]] == [
        "INC-2-4",
        "INC-2-3",
        "INC-2-2",
        "INC-2-1",
    ]
    assert {one["deliver_notifications"] for one in late["incident_updates"]} == {True}
    assert late["updated_at"] == "2030-06-03T11:59:00.000Z"
    assert late["monitoring_at"] == "2030-06-03T11:55:00.000Z"
    assert late["resolved_at"] == "2030-06-03T12:00:00.000Z"
    assert [one["id"] for one in late["components"]] == ["api"]
    assert (early["monitoring_at"], early["resolved_at"]) == (None, None)
    assert early["updated_at"] == early["started_at"] == "2030-06-03T09:00:00.000Z"
    unresolved = whole(shown, "incidents/unresolved")["incidents"]
    assert [one["id"] for one in unresolved] == ["INC-1"]


def test_statuspage_maintenances():
    shown = picture(
        banner("runs", published_at=NOW - 9 * HOUR, ends_at=None),
        banner("ahead", status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
        banner("over", status="resolved", resolved_at=NOW, published_at=NOW - 9 * HOUR),
        banner("said", kind="announcement"),
    )
    path = "scheduled-maintenances"
    everything = {one["id"]: one for one in whole(shown, path)["scheduled_maintenances"]}
    assert set(everything) == {"runs", "ahead", "over"}
    runs, ahead, over = (everything[name] for name in ("runs", "ahead", "over"))
    assert [one["status"] for one in (ahead, runs, over)] == [
        "scheduled",
        "in_progress",
        "completed",
    ]
    assert runs["created_at"] == "2030-06-03T03:00:00.000Z"
    assert runs["updated_at"] == "2030-06-03T11:00:00.000Z"
    assert ahead["created_at"] == "2030-06-03T13:00:00.000Z"
    assert over["updated_at"] == over["resolved_at"] == "2030-06-03T12:00:00.000Z"
    assert runs["resolved_at"] is None
    assert ahead["scheduled_until"] == "2030-06-03T14:00:00.000Z"
    assert runs["scheduled_until"] == runs["scheduled_for"]
    assert runs["incident_updates"][0]["deliver_notifications"] is False
    for name, ids in (("upcoming", ["ahead"]), ("active", ["runs"])):
        found = whole(shown, f"{path}/{name}")["scheduled_maintenances"]
        assert [one["id"] for one in found] == ids
    assert [one["id"] for one in whole(shown)["scheduled_maintenances"]] == ["runs", "ahead"]


def test_a_window_of_statuspage_has_its_components_and_its_story():
    shown = picture(
        banner(
            "over",
            message="We move.",
            channels=["web", "email"],
            status="resolved",
            components=["api", "hidden"],
            starts_at=NOW - 2 * HOUR,
            resolved_at=NOW - HOUR,
            published_at=NOW - 9 * HOUR,
        ),
        banner("ahead", status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
        components=(part("api"), part("hidden", is_public=False)),
    )
    ahead, over = whole(shown, "scheduled-maintenances")["scheduled_maintenances"]
    assert [one["status"] for one in ahead["incident_updates"]] == ["scheduled"]
    assert ahead["incident_updates"][0]["affected_components"] == []
    story = over["incident_updates"]
    assert [(one["id"], one["status"], one["created_at"][11:16]) for one in story] == [
        ("over-3", "completed", "11:00"),
        ("over-2", "in_progress", "10:00"),
        ("over-1", "scheduled", "03:00"),
    ]
    assert story[-1]["body"] == "We move."
    assert {one["deliver_notifications"] for one in story} == {True}
    assert [one["id"] for one in over["components"]] == ["api"]
    assert [one["affected_components"][0]["new_status"] for one in story] == [
        "operational",
        "under_maintenance",
        "operational",
    ]


def test_statuspage_says_which_components_an_update_is_about():
    shown = picture(
        components=(part("api"), part("hidden", is_public=False)),
        incidents=(
            event(
                "INC-1",
                status="resolved",
                resolved_at=NOW,
                updates=[update(1, "c", "resolved"), update(3, "b"), update(9, "a")],
                components=[
                    {"component": "api", "state": "major_outage"},
                    {"component": "hidden", "state": "major_outage"},
                ],
            ),
        ),
    )
    (found,) = whole(shown, "incidents")["incidents"]
    told = [one["affected_components"] for one in found["incident_updates"]]
    assert [(one["old_status"], one["new_status"]) for (one,) in told] == [
        ("major_outage", "operational"),
        ("major_outage", "major_outage"),
        ("operational", "major_outage"),
    ]
    assert {one["code"] for (one,) in told} == {"api"}


def test_statuspage_has_the_postmortem_once_it_is_published():
    todo = [{"text": "Watch it", "done": True}, {"text": "Buy one"}]
    learned = {
        "impact": "",
        "root_cause": "A full disk.",
        "actions": todo,
        "updated_at": NOW + HOUR,
    }
    plain = event("INC-1", status="resolved", resolved_at=NOW)
    (before,) = whole(picture(incidents=(plain,)), "incidents")["incidents"]
    assert (before["status"], before["postmortem_body"]) == ("resolved", None)
    shown = picture(incidents=(event("INC-1", resolved_at=NOW, postmortem=learned),))
    (after,) = whole(shown, "incidents")["incidents"]
    assert (after["status"], after["postmortem_body"]) == (
        "postmortem",
        "## Root cause\n\nA full disk.\n\n## Follow-up actions\n\n- Watch it (done)\n- Buy one",
    )
    assert after["postmortem_published_at"] == after["updated_at"] == "2030-06-03T13:00:00.000Z"


def test_statuspage_stands_still_while_nothing_changes():
    """Its times are those of real changes, not of the rendering."""
    shown = picture(
        banner("runs", starts_at=NOW - 2 * HOUR, published_at=NOW - 9 * HOUR),
        components=(part("api", since=NOW.date(), changed_at=NOW - 3 * HOUR, group="Core"),),
    )
    later = replace(shown, generated_at=NOW + timedelta(seconds=20))
    for path, render in statuspage.documents(SITE).items():
        assert render(shown) == render(later), path
    found = whole(shown)
    assert found["page"]["updated_at"] == "2030-06-03T10:00:00.000Z"
    for one in found["components"]:
        assert one["start_date"] == "2030-06-03"
        assert one["created_at"] == "2030-06-03T00:00:00.000Z"
        assert one["updated_at"] == "2030-06-03T09:00:00.000Z"


def test_statuspage_lists_the_latest_fifty_and_never_cuts_what_goes_on():
    over = [
        banner(
            f"over{n}",
            status="resolved",
            starts_at=NOW - (n + 1) * 24 * HOUR,
            resolved_at=NOW - (n + 1) * 24 * HOUR + HOUR,
        )
        for n in range(60)
    ]
    series = [
        banner(f"s{n}", status="scheduled", series=1, starts_at=NOW + (n + 1) * 24 * HOUR)
        for n in range(60)
    ]
    events = [event(f"INC-{n}", status="resolved", resolved_at=NOW) for n in range(60)]
    old = event("OLD", started_at=NOW - 9000 * HOUR)
    shown = picture(banner("runs"), *series, *over, incidents=(*events, old))
    planned = whole(shown, "scheduled-maintenances")["scheduled_maintenances"]
    assert [one["id"] for one in planned[:4]] == ["runs", "s0", "s1", "over0"]
    assert len(planned) == 50
    upcoming = whole(shown, "scheduled-maintenances/upcoming")["scheduled_maintenances"]
    assert [one["id"] for one in upcoming] == [f"s{n}" for n in range(60)]
    found = [one["id"] for one in whole(shown, "incidents")["incidents"]]
    assert len(found) == 51
    assert "OLD" in found


def test_a_series_does_not_push_what_runs_out_of_the_feeds():
    shown = picture(
        banner("INC-1", kind="incident", published_at=NOW - 900 * HOUR),
        *(
            banner(
                f"s{n}",
                status="scheduled",
                series=1,
                starts_at=NOW + (n + 1) * HOUR,
                published_at=NOW,
            )
            for n in range(90)
        ),
        *(
            banner(f"a{n}", kind="announcement", status="resolved", resolved_at=NOW - n * HOUR)
            for n in range(90)
        ),
    )
    found = [one.id.rpartition(":")[2] for one in feeds.entries(shown, SITE)]
    assert "INC-1" in found
    assert [one for one in found if one.startswith("s")] == ["s0", "s1"]
    assert len(found) == MOST_ENTRIES
