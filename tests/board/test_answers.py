"""The public API's parameters, and which banners its answers hold; on values alone."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.board import answers
from portal.board.answers import Answers, BadQueryError, MaintenanceQuery
from portal.status.terms import Audience, Channel
from tests.board.test_picture import HOUR, NOW, TICK, banner, event, part, picture

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", MaintenanceQuery()),
        ("audience=admin", MaintenanceQuery(audience=Audience.ADMIN)),
        ("channel=email", MaintenanceQuery(channel=Channel.EMAIL)),
        ("windowMinutes=5", MaintenanceQuery(window_minutes=5)),
        ("windowMinutes=1440", MaintenanceQuery(window_minutes=1440)),
        ("limit=1&includeResolved=true", MaintenanceQuery(limit=1, include_resolved=True)),
        ("limit=50&includeResolved=false", MaintenanceQuery(limit=50)),
        ("_=1733000000&limit=50&utm_source=mail&flag", MaintenanceQuery(limit=50)),
    ],
)
def test_a_query_is_read(text, query):
    assert answers.parse_query(text) == query


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("audience=everybody", "audience"),
        ("channel=", "channel"),
        ("windowMinutes=4", "windowMinutes"),
        ("windowMinutes=1441", "windowMinutes"),
        ("windowMinutes=000000090", "windowMinutes"),
        ("windowMinutes=٣٠", "windowMinutes"),
        ("windowMinutes=-5", "windowMinutes"),
        ("limit=0", "limit"),
        ("limit=51", "limit"),
        ("limit=", "limit"),
        ("includeResolved=yes", "includeResolved"),
        ("limit=1&limit=2", "query"),
        ("limit", "limit"),
        ("channel=%ff", "query"),
    ],
)
def test_a_query_that_cannot_be_is_refused(text, field):
    with pytest.raises(BadQueryError) as caught:
        answers.parse_query(text)
    assert caught.value.field == field


def test_a_number_of_eight_digits_is_still_a_number():
    assert answers._number("limit", "00000007", 1, 50) == 7


@pytest.mark.parametrize(
    ("values", "query", "is_told", "why"),
    [
        ({}, {}, True, "it runs"),
        ({"status": "scheduled", "starts_at": NOW + 1.5 * HOUR}, {}, True, "within 90 minutes"),
        ({"status": "scheduled", "starts_at": NOW + 1.5 * HOUR + TICK}, {}, False, "later"),
        (
            {"status": "scheduled", "starts_at": NOW + 2 * HOUR},
            {"window_minutes": 120},
            True,
            "within the window that was asked for",
        ),
        ({"status": "resolved", "ends_at": NOW - HOUR}, {}, False, "what is over was not asked"),
        ({"status": "resolved", "ends_at": NOW - HOUR}, {"include_resolved": True}, True, "it was"),
        (
            {"status": "resolved", "ends_at": NOW - 1.5 * HOUR},
            {"include_resolved": True},
            True,
            "and so far back",
        ),
        (
            {"status": "resolved", "ends_at": NOW - 1.5 * HOUR - TICK},
            {"include_resolved": True},
            False,
            "not farther",
        ),
        (
            {"status": "resolved", "ends_at": None},
            {"include_resolved": True},
            True,
            "when it ended is not known",
        ),
        ({"audiences": ["admin"]}, {}, False, "it is for others"),
        ({"channels": ["email"]}, {"channel": Channel.WEB}, False, "and goes another way"),
        ({"channels": ["email"]}, {}, True, "which nobody asked for"),
    ],
)
def test_what_is_told_of_maintenance(values, query, is_told, why):
    body = answers.maintenance(picture(banner(**values)), MaintenanceQuery(**query))
    assert bool(body["announcements"]) is is_told, why


def test_the_limit_cuts_the_list():
    shown = picture(*(banner(f"m-{n}", starts_at=NOW - n * HOUR) for n in range(5)))
    body = answers.maintenance(shown, MaintenanceQuery(limit=2))
    assert [one["ref"] for one in body["announcements"]] == ["m-0", "m-1"]
    assert (body["windowMinutes"], body["access"]) == (90, "public")


def test_the_status_holds_what_the_page_holds():
    shown = picture(
        banner("runs"),
        banner("ahead", status="scheduled", starts_at=NOW + HOUR),
        banner("said", kind="announcement", severity="info"),
        components=(part("api"), part("hidden", is_public=False)),
        incidents=(event(), event("over", status="resolved")),
        stale_since=NOW,
    )
    body = answers.status(shown, poll_seconds=15)
    assert [one["ref"] for one in body["windows"]] == ["runs", "ahead"]
    assert [one["ref"] for one in body["banners"]] == ["runs", "said"]
    assert [one["slug"] for one in body["components"]] == ["api"]
    assert [one["reference"] for one in body["incidents"]] == ["INC-2030-0001"]
    assert body["incidents"][0]["startedAt"] == "2030-06-03T11:00:00Z"
    assert (body["pollSeconds"], body["staleAfterSeconds"]) == (15, 22)
    assert body["staleSince"] == "2030-06-03T12:00:00Z"
    assert answers.status(picture(), poll_seconds=15)["staleSince"] is None


def ready(shown, *, cors: str = "") -> Answers:
    return Answers(
        shown,
        pages={"/": b"page"},
        documents={
            "/badge.svg": lambda _: ("image/svg+xml", b"<svg/>"),
            "/feed": lambda _: ("text/plain", b"feed"),
        },
        poll_seconds=15,
        extra_headers=(),
        page_headers=(("X-Page", "1"),),
        cors=cors,
    )


def test_ready_made_answers_and_those_that_are_made_when_asked_for():
    made = ready(picture(banner()))
    page, badge, feed = (made.find(path, "") for path in ("/", "/badge.svg", "/feed"))
    assert page is not None
    assert badge is not None
    assert feed is not None
    assert (page.body, badge.body, feed.body) == (b"page", b"<svg/>", b"feed")
    assert ("X-Page", "1") in page.headers
    assert ("Content-Security-Policy", "default-src 'none'") in badge.headers
    assert not any(name == "Content-Security-Policy" for name, _ in feed.headers)
    assert made.find("/feed", "") is feed
    # Links are decorated by others; nothing reads that.
    assert made.find("/feed", "a=1") is feed
    assert made.find("/", "utm_source={{name}}") is page
    assert made.find("/nothing", "") is None
    assert ("Content-Length", "4") in page.headers
    assert not any(name.startswith("Content-") for name, _ in page.headers_304)


def test_maintenance_is_ready_made_for_the_public_alone():
    made = ready(picture(banner()))
    path = "/api/runtime/maintenance"
    told = made.find(path, "limit=5")
    assert told is not None
    one = json.loads(told.body)["announcements"][0]
    assert (one["ref"], one["startsAt"]) == ("m-1", "2030-06-03T11:00:00Z")
    assert "version" not in one
    assert made.find(path, "limit=5") is told
    assert made.find(path, "utm_source=x&limit=5&_=7") is told
    assert made.find(path, "audience=admin") is None
    assert made.find(path, "limit=99") is None


def test_letters_stay_letters():
    told = ready(picture(banner(title="Wartüng"))).find("/api/status", "")
    assert told is not None
    assert "Wartüng".encode() in told.body


def test_variants_are_kept_up_to_a_number():
    made = ready(picture())
    for minutes in range(5, 305):
        made.find("/api/runtime/maintenance", f"windowMinutes={minutes}")
    assert len(made._made) == answers._MOST_VARIANTS


@pytest.mark.parametrize(
    ("cors", "is_open"), [("*", True), ("https://a.example", True), ("", False)]
)
def test_other_pages_may_read_it_where_the_setting_says_so(cors, is_open):
    page = ready(picture(), cors=cors).find("/", "")
    assert page is not None
    assert (("Access-Control-Allow-Origin", cors) in page.headers) is is_open


def test_a_tag_changes_with_what_is_told_and_not_with_the_hour():
    def tag(shown) -> str:
        page = ready(shown).find("/", "")
        assert page is not None
        return page.etag

    first = picture(banner())
    assert tag(first) == tag(replace(first, generated_at=NOW + timedelta(seconds=9)))
    # What only others may see raises the revision, and moves nothing here.
    assert tag(first) == tag(replace(first, revision=2))
    inside = banner("inside", kind="announcement", audiences=["operations"])
    assert tag(first) == tag(replace(first, banners=(*first.banners, inside)))
    assert tag(first) == tag(replace(first, cancelled=(inside,)))
    assert tag(first) == tag(replace(first, incidents=(event(audiences=["admin"]),)))
    assert tag(first) == tag(replace(first, components=(part("api", is_public=False),)))
    assert tag(first) != tag(replace(first, stale_since=NOW))
    assert tag(first) != tag(picture(banner(), cancelled=(banner("off"),)))
    assert tag(first) != tag(picture(banner(), components=(part("api"),)))
    assert tag(first) != tag(picture(banner(), incidents=(event(),)))
