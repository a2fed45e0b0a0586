"""Feeds, calendar, badge and the Statuspage API: what readers' programs make of them."""

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import feedparser
import icalendar
import pytest

from portal.status.announcements import AnnouncementIn
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import ImpactLevel, IncidentIn, NoteIn, Progress, UpdateIn
from portal.status.terms import Audience, Status
from portal.status.windows import Action, WindowAct, WindowIn
from portal.web.headers import PUBLIC_READS
from tests.conftest import Build, Site, StandingClock

FEEDS = ("/feed.atom", "/feed.rss", "/feed.json")
HOUR = timedelta(hours=1)


@pytest.fixture
def lived(build: Build, still: StandingClock) -> Site:
    """A site with one of each kind, and with things that only some may see."""
    site = build(external_url="https://status.example", site_name="Example & Söhne")
    portal = site.portal
    for slug, group in (("api", "Core"), ("web", "Core"), ("mail", "")):
        portal.status.inventory.add(
            ComponentIn(slug=slug, name=slug.upper(), group=group), actor="op-a"
        )
    portal.status.registry.announce(
        AnnouncementIn(
            title="Good <b>news</b> & \x0b more", message="It is **here**.", status=Status.ACTIVE
        ),
        actor="op-a",
    )
    portal.status.registry.open_window(
        WindowIn(
            title="Upgrade; part 1, of 2",
            message="A\nlong " + "ümläut " * 30,
            zone="Europe/Berlin",
            starts_at=still.moment + 5 * HOUR,
            ends_at=still.moment + 6 * HOUR,
        ),
        actor="op-a",
    )
    row = portal.status.casebook.open(
        IncidentIn(
            title="Slow",
            impact=ImpactLevel.MAJOR,
            message="We look.",
            components=[Impact(component="api", state=State.PARTIAL)],
        ),
        actor="op-a",
    )
    still.advance(minutes=5)
    portal.status.casebook.update(
        row.reference,
        UpdateIn(status=Progress.MONITORING, message="Better."),
        version=None,
        actor="op-a",
    )
    portal.status.casebook.note(row.reference, NoteIn(message="secret-note"), actor="op-a")
    for audience in (Audience.OPERATIONS, Audience.ADMIN):
        portal.status.registry.announce(
            AnnouncementIn(title="secret-text", status=Status.ACTIVE, audiences=[audience]),
            actor="op-a",
        )
        portal.status.registry.open_window(
            WindowIn(title="secret-window", ends_at=still.moment + HOUR, audiences=[audience]),
            actor="op-a",
        )
        portal.status.casebook.open(
            IncidentIn(
                title="secret-incident", impact=ImpactLevel.MINOR, message="x", audiences=[audience]
            ),
            actor="op-a",
        )
    portal.status.registry.announce(AnnouncementIn(title="secret-draft"), actor="op-a")
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
    assert slow.id == "tag:status.example,2026:incident:INC-2030-0001"
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
        assert [str(zone["tzid"]) for zone in parsed.walk("VTIMEZONE")] == ["Europe/Berlin"]
        return {str(one["uid"]): one for one in parsed.walk("VEVENT")}

    ((uid, event),) = events().items()
    reference = uid.removesuffix("@status.example")
    assert str(event["summary"]) == "Upgrade; part 1, of 2"
    start = event.decoded("dtstart")
    assert start.astimezone(UTC) == datetime(2030, 6, 3, 17, 0, tzinfo=UTC)
    assert start.utcoffset() == 2 * HOUR
    assert int(event["sequence"]) == 1
    assert all(len(line) <= 75 for line in body(lived, "/calendar.ics").split(b"\r\n"))
    lived.portal.status.registry.edit_window(
        reference,
        WindowIn(
            title="Later",
            zone="Europe/Berlin",
            starts_at=still.moment + 7 * HOUR,
            ends_at=still.moment + 8 * HOUR,
        ),
        version=None,
        actor="op-a",
    )
    ((same, event),) = events().items()
    assert same == uid
    assert (int(event["sequence"]), str(event["status"])) == (2, "CONFIRMED")
    lived.portal.status.registry.act_on_window(
        reference, WindowAct(action=Action.CANCEL), version=None, actor="op-a"
    )
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


def test_maintenance_alone_is_no_indicator_of_strict_clients(build: Build, still: StandingClock):
    site = build()
    site.portal.status.registry.open_window(
        WindowIn(title="Work", ends_at=still.moment + HOUR), actor="a"
    )
    told = json.loads(body(site, "/api/v2/status.json"))["status"]
    assert told == {"indicator": "none", "description": "Under maintenance"}


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
    site.portal.status.registry.announce(
        AnnouncementIn(title="Hi", status=Status.ACTIVE), actor="a"
    )
    for path in ("/feed.atom", "/feed.rss"):
        found = feedparser.parse(body(site, path))
        assert not found.bozo
        assert found.entries[0].id == "urn:portal:announcement:hi"
    assert "feed_url" not in json.loads(body(site, "/feed.json"))
