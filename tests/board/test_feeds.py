"""Feeds, calendar, badge and the Statuspage API: what readers' programs make of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import feedparser
import icalendar
import pytest

from portal.board import banners, calendars, site
from portal.board.picture import Picture
from portal.status import prose
from portal.status.announcements import AnnouncementIn
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import ImpactLevel, IncidentIn, NoteIn, Progress, UpdateIn
from portal.status.terms import Audience, Status
from portal.status.windows import Action, WindowAct, WindowIn
from portal.unit_of_work import By
from portal.web.headers import PUBLIC_READS
from tests import rows
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import HOUR, NOW
from tests.sites import Site

FEEDS = ("/feed.atom", "/feed.rss", "/feed.json")


@pytest.fixture
def lived(build: Build, still: StandingClock) -> Site:
    """A site with one of each kind, and with things that only some may see."""
    site = build(external_url="https://status.example", site_name="Example & Söhne")
    portal = site.portal
    for slug, group in (("api", "Core"), ("web", "Core"), ("mail", "")):
        portal.status.components.add(
            By("op-a"), ComponentIn(slug=slug, name=slug.upper(), group=group)
        )
    portal.status.announcements.create(
        By("op-a"),
        AnnouncementIn(
            title="Good <b>news</b> & \x0b more", message="It is **here**.", status=Status.ACTIVE
        ),
    )
    portal.status.windows.schedule(
        By("op-a"),
        WindowIn(
            title="Upgrade; part 1, of 2",
            message="A\nlong " + "ümläut " * 30,
            zone="Europe/Berlin",
            starts_at=still.moment + 5 * HOUR,
            ends_at=still.moment + 6 * HOUR,
        ),
    )
    row = portal.status.incidents.open(
        By("op-a"),
        IncidentIn(
            title="Slow",
            impact=ImpactLevel.MAJOR,
            message="We look.",
            components=[Impact(component="api", state=State.PARTIAL)],
        ),
    )
    still.advance(minutes=5)
    portal.status.incidents.update(
        By("op-a"), row.reference, UpdateIn(status=Progress.MONITORING, message="Better.")
    )
    portal.status.incidents.note(By("op-a"), row.reference, NoteIn(message="secret-note"))
    for audience in (Audience.OPERATIONS, Audience.ADMIN):
        portal.status.announcements.create(
            By("op-a"),
            AnnouncementIn(title="secret-text", status=Status.ACTIVE, audiences=[audience]),
        )
        portal.status.windows.schedule(
            By("op-a"),
            WindowIn(title="secret-window", ends_at=still.moment + HOUR, audiences=[audience]),
        )
        portal.status.incidents.open(
            By("op-a"),
            IncidentIn(
                title="secret-incident", impact=ImpactLevel.MINOR, message="x", audiences=[audience]
            ),
        )
    portal.status.announcements.create(By("op-a"), AnnouncementIn(title="secret-draft"))
    return site


def body(site: Site, path: str) -> bytes:
    answer = site.client().get(path)
    assert answer.status_code == 200, path
    return bytes(answer.data)


@pytest.mark.parametrize("path", ["/feed.atom", "/feed.rss"])
def test_readers_understand_the_feeds(lived: Site, path: str):
    data = body(lived, path)
    ElementTree.fromstring(data)
    found = feedparser.parse(data)
    assert not found.bozo
    assert found.feed.title == "Example & Söhne"
    titles = [entry.title for entry in found.entries]
    assert titles[0] == "Slow"
    assert any(title.startswith("Good") and "news" in title for title in titles)
    assert len(titles) == 3
    slow = found.entries[0]
    assert slow.link == "https://status.example/incidents/INC-2030-0001"
    assert slow.id.startswith("tag:status.example,2026:incident:INC-2030-0001")
    said = slow.content[0].value if path.endswith("atom") else slow.summary
    assert said.index("Better.") < said.index("We look.")


def test_the_json_feed_has_what_version_1_1_wants(lived: Site):
    found = json.loads(body(lived, "/feed.json"))
    assert found["version"] == "https://jsonfeed.org/version/1.1"
    assert found["feed_url"] == "https://status.example/feed.json"
    for item in found["items"]:
        assert item["id"]
        assert item["url"].startswith("https://status.example/")
        assert datetime.fromisoformat(item["date_modified"]).tzinfo is not None
        assert "<" in item["content_html"]


def test_the_calendar_keeps_its_uids_raises_its_sequence_and_tells_what_is_off(
    lived: Site, still: StandingClock
):
    def events() -> dict[str, icalendar.Event]:
        parsed = icalendar.Calendar.from_ical(body(lived, "/calendar.ics"))
        assert parsed.walk("VTIMEZONE") == []
        return {str(one["uid"]): one for one in parsed.walk("VEVENT")}

    ((uid, event),) = events().items()
    reference = uid.removesuffix("@status.example")
    assert str(event["summary"]) == "Upgrade; part 1, of 2"
    start = event.decoded("dtstart")
    assert start.astimezone(UTC) == datetime(2030, 6, 3, 17, 0, tzinfo=UTC)
    assert start.utcoffset() == timedelta(0)
    assert "19:00 to 03 Jun 2030, 20:00 (Europe/Berlin)" in str(event["description"])
    assert int(event["sequence"]) == 1
    assert all(len(line) <= 75 for line in body(lived, "/calendar.ics").split(b"\r\n"))
    lived.portal.status.windows.edit(
        By("op-a"),
        reference,
        WindowIn(
            title="Later",
            zone="Europe/Berlin",
            starts_at=still.moment + 7 * HOUR,
            ends_at=still.moment + 8 * HOUR,
        ),
    )
    ((same, event),) = events().items()
    assert same == uid
    assert (int(event["sequence"]), str(event["status"])) == (2, "CONFIRMED")
    lived.portal.status.windows.act(By("op-a"), reference, WindowAct(action=Action.CANCEL))
    ((same, event),) = events().items()
    assert same == uid
    assert (int(event["sequence"]), str(event["status"])) == (3, "CANCELLED")
    assert event.decoded("dtend") - event.decoded("dtstart") == HOUR


def test_statuspage_clients_find_what_they_look_for(lived: Site):
    whole = json.loads(body(lived, "/api/v2/summary.json"))
    assert list(whole) == ["page", "components", "incidents", "scheduled_maintenances", "status"]
    assert whole["status"] == {"indicator": "major", "description": "Partial outage"}
    group, *parts = whole["components"]
    assert (group["group"], group["components"]) == (True, ["api", "web"])
    assert [one["status"] for one in parts if one["id"] == "api"] == ["partial_outage"]
    assert [one["group_id"] for one in parts] == [group["id"], group["id"], None] or (
        {one["group_id"] for one in parts} == {group["id"], None}
    )
    (incident,) = whole["incidents"]
    assert incident["status"] == "monitoring"
    assert incident["incident_updates"][0]["body"] == "Better."
    assert incident["components"][0]["id"] == "api"
    (window,) = whole["scheduled_maintenances"]
    assert (window["status"], window["scheduled_for"]) == ("scheduled", "2030-06-03T17:00:00.000Z")
    for path in sorted(path for path in PUBLIC_READS if path.startswith("/api/v2/")):
        found = json.loads(body(lived, path))
        assert found["page"]["id"] == "portal"
    assert json.loads(body(lived, "/api/v2/scheduled-maintenances/active.json")) == {
        "page": whole["page"],
        "scheduled_maintenances": [],
    }


def test_maintenance_alone_is_an_indicator_of_its_own(build: Build, still: StandingClock):
    site = build()
    site.portal.status.windows.schedule(
        By("a"), WindowIn(title="Work", ends_at=still.moment + HOUR)
    )
    told = json.loads(body(site, "/api/v2/status.json"))["status"]
    assert told == {"indicator": "maintenance", "description": "Under maintenance"}


def test_the_badge_says_the_state_and_runs_nothing(lived: Site):
    answer = lived.client().get("/badge.svg")
    assert answer.content_type == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    picture = ElementTree.fromstring(answer.data)
    assert picture.get("aria-label") == "status: Partial outage"


def test_nothing_that_is_not_public_is_in_any_public_answer(lived: Site):
    paths = [*sorted(PUBLIC_READS - {"/api/openapi.json", "/api/docs"}), "/history"]
    for path in paths:
        text = body(lived, path).decode()
        assert "secret" not in text, path
        assert "op-a" not in text, path


def test_documents_are_ready_made_and_unchanged_ones_are_304(lived: Site):
    client = lived.client()
    for path in (*FEEDS, "/calendar.ics", "/badge.svg", "/api/v2/summary.json"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304, path
        assert "public" in first.headers["Cache-Control"]
        assert client.get(f"{path}?a=1").status_code == 200


def test_without_an_address_they_are_whole_all_the_same(site: Site, still: StandingClock):
    site.portal.status.announcements.create(
        By("a"), AnnouncementIn(title="Hi", status=Status.ACTIVE)
    )
    for path in ("/feed.atom", "/feed.rss"):
        found = feedparser.parse(body(site, path))
        assert not found.bozo
        assert found.entries[0].id.startswith("urn:portal:announcement:hi")
    assert "feed_url" not in json.loads(body(site, "/feed.json"))


def test_an_update_is_a_new_item_to_readers_of_rss(lived: Site, still: StandingClock):
    def slow() -> Any:
        found = feedparser.parse(body(lived, "/feed.rss")).entries
        return next(one for one in found if one.title == "Slow")

    before = slow()
    assert slow().id == before.id
    still.advance(minutes=7)
    more = UpdateIn(status=Progress.MONITORING, message="Still better.")
    lived.portal.status.incidents.update(By("op-a"), "INC-2030-0001", more)
    after = slow()
    assert after.id != before.id
    assert after.published_parsed > before.published_parsed
    assert after.link == before.link


ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]


def test_every_instant_of_two_years_is_right_in_twenty_zones():
    """On values: the calendar of a picture with a window each fortnight in each zone."""
    windows = [
        banners.of_window(
            rows.window(
                reference=f"m-{number}-{zone}",
                title=zone,
                zone=zone,
                starts_at=NOW + timedelta(days=14 * number, hours=number % 24),
                ends_at=NOW + timedelta(days=14 * number, hours=number % 24 + 1),
            ),
            now=NOW,
        )
        for zone in ZONES
        for number in range(52)
    ]
    picture = Picture(revision=1, generated_at=NOW, valid_until=None, banners=tuple(windows))
    _, data = calendars.whole(picture, site.Site("Status", ""))
    events = icalendar.Calendar.from_ical(data).walk("VEVENT")
    read = {str(one["uid"]).partition("@")[0]: one.decoded("dtstart") for one in events}
    assert read == {one.ref: one.starts_at for one in windows}
    # Readers that know no zones read this as all others do.
    assert b"TZID" not in data


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Two minutes **without writes**.", "Two minutes without writes."),
        ("A & B < C", "A & B < C"),
        ("- one\n- two", "one\ntwo"),
        ("First.\n\nSecond, [here](https://example.org).", "First.\n\nSecond, here."),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("", ""),
    ],
)
def test_a_text_is_told_without_its_marks(text: str, plain: str):
    assert prose.to_text(text) == plain
