"""Feeds, badge and the Statuspage API: what readers' programs make of them."""

import json
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest

from portal.status import prose
from portal.status.announcements import AnnouncementIn
from portal.status.incidents import Progress, UpdateIn
from portal.status.terms import Status
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from portal.web.headers import PUBLIC_READS
from tests.board.document_site import body
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import HOUR
from tests.sites import Site

FEEDS = ("/feed.atom", "/feed.rss", "/feed.json")


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
