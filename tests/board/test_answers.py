"""The public API's parameters, and which banners its answers hold; on values alone."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal.board import answers, maintenance, named
from portal.board.answer import PENDING
from portal.board.answers import Answers
from portal.board.maintenance import BadQueryError, MaintenanceQuery
from portal.board.site import Site
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
    assert maintenance.parse_query(text) == query


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
        maintenance.parse_query(text)
    assert caught.value.field == field


def test_a_number_of_eight_digits_is_still_a_number():
    assert maintenance._number("limit", "00000007", 1, 50) == 7


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
    body, _ = maintenance.body(picture(banner(**values)), MaintenanceQuery(**query))
    assert bool(body["announcements"]) is is_told, why


def test_the_limit_cuts_the_list():
    shown = picture(*(banner(f"m-{n}", starts_at=NOW - n * HOUR) for n in range(5)))
    body, _ = maintenance.body(shown, MaintenanceQuery(limit=2))
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


def ready(
    shown, *, cors: str = "", page: bytes = b"page", before=None, asked: list[Any] | None = None
) -> Answers:
    def pages(shown, choice) -> dict[str, bytes]:
        if asked is not None:
            asked.append(choice)
        return {"/": page + choice.language.encode() if choice.language != "en" else page}

    return Answers(
        shown,
        pages=pages,
        documents={
            "/badge.svg": lambda _: ("image/svg+xml", b"<svg/>"),
            "/feed": lambda _: ("text/plain", b"feed"),
        },
        named=named.finder(Site("", ""), lambda shown, one, _: f"<h1>{one.slug}</h1>".encode()),
        poll_seconds=15,
        extra_headers=(),
        embed_headers=(),
        page_headers=(("X-Page", "1"),),
        cors=cors,
        before=before,
    )


def test_ready_made_answers_and_those_that_are_made_when_asked_for():
    made = ready(picture(banner()))
    page = made.find("/", "", NOW)
    # The event loop only looks up; what takes time is made by a thread.
    assert made.find("/badge.svg", "", NOW) is PENDING
    badge, feed = (made.make(path, "", NOW) for path in ("/badge.svg", "/feed"))
    assert page is not None
    assert badge is not None
    assert feed is not None
    assert (page.body, badge.body, feed.body) == (b"page", b"<svg/>", b"feed")
    assert ("X-Page", "1") in page.headers
    assert ("Content-Security-Policy", "default-src 'none'") in badge.headers
    assert not any(name == "Content-Security-Policy" for name, _ in feed.headers)
    assert made.find("/feed", "", NOW) is made.make("/feed", "", NOW) is feed
    # Links are decorated by others; nothing reads that.
    assert made.find("/feed", "a=1", NOW) is feed
    assert made.find("/", "utm_source={{name}}", NOW) is page
    assert made.find("/nothing", "", NOW) is made.make("/nothing", "", NOW) is None
    assert ("Content-Length", "4") in page.headers
    assert not any(name.startswith("Content-") for name, _ in page.headers_304)


def test_each_public_component_has_a_page_that_is_made_when_asked_for():
    made = ready(picture(components=(part("api"), part("hidden", is_public=False))))
    assert made.find("/components/api", "", NOW) is PENDING
    shown = made.make("/components/api", "", NOW)
    assert shown is not None
    assert shown.body == b"<h1>api</h1>"
    assert ("X-Page", "1") in shown.headers
    assert made.find("/components/api", "", NOW) is shown
    for slug in ("hidden", "nothing", ""):
        assert made.find(f"/components/{slug}", "", NOW) is None


def test_what_is_ready_is_found_in_the_language_of_its_reader():
    made = ready(picture(banner()))
    german = {"accept-language": "de"}.get
    assert made.ready("/nothing", german) is None
    assert made.ready("/api/status", german) is made.find("/api/status", "", NOW)
    assert made.ready("/", german) is None, "it is not made yet"
    assert made.ready("/", {}.get) is made.find("/", "", NOW)
    # What another answer reads says nothing here.
    assert made.find("/", "limit=99&audience=admin", NOW) is made.find("/", "", NOW)


def test_encodings_are_made_before_anybody_asks():
    made = ready(picture(), page=b"page " * 200)
    page = made.find("/", "", NOW)
    assert page is not None
    assert page.encoded("gzip, br") is page
    made.compress()
    packed = page.encoded("gzip, br")
    assert ("Content-Encoding", "br") in packed.headers
    assert ("Content-Length", str(len(packed.body))) in packed.headers
    assert page.encoded("br;q=0, gzip").body[:2] == b"\x1f\x8b"
    assert page.encoded("identity") is page
    assert packed.etag == page.etag
    page.compress()
    assert page.encoded("gzip, br") is packed, "and made once"
    for accept, encoding in ((None, None), ("gzip", "gzip"), ("identity", None)):
        _, headers, body = page.reply({"accept-encoding": accept}.get)
        assert dict(headers).get("Content-Encoding") == encoding
        assert dict(headers)["Content-Length"] == str(len(body))


MAINTENANCE = "/api/runtime/maintenance"


def test_maintenance_is_ready_made_for_the_public_alone():
    made = ready(picture(banner()))
    assert made.find(MAINTENANCE, "", NOW) not in (None, PENDING)
    plain = made.find(MAINTENANCE, "", NOW)
    assert made.find(MAINTENANCE, "utm_source=x", NOW) is plain
    assert made.find(MAINTENANCE, "audience=public&includeResolved=false", NOW) is plain
    assert made.find(MAINTENANCE, "limit=5", NOW) is PENDING
    told = made.make(MAINTENANCE, "limit=5", NOW)
    assert told is not None
    one = json.loads(told.body)["announcements"][0]
    assert (one["ref"], one["startsAt"]) == ("m-1", "2030-06-03T11:00:00Z")
    assert "version" not in one
    assert made.find(MAINTENANCE, "limit=5", NOW) is told
    assert made.find(MAINTENANCE, "utm_source=x&limit=5&_=7", NOW) is told
    assert made.find(MAINTENANCE, "audience=admin", NOW) is None
    assert made.make(MAINTENANCE, "limit=99", NOW) is None


def test_a_variant_is_good_until_its_own_instants():
    """What looks farther ahead, or back, turns at instants at which the page does not."""
    shown = picture(
        banner("far", status="scheduled", starts_at=NOW + 5 * HOUR, ends_at=NOW + 6 * HOUR),
        banner("over", status="resolved", ends_at=NOW - 2 * HOUR),
    )
    made = ready(shown)
    query = "windowMinutes=240&includeResolved=true"

    def refs(now) -> list[str]:
        answer = made.make(MAINTENANCE, query, now)
        assert answer is not None
        return [one["ref"] for one in json.loads(answer.body)["announcements"]]

    assert refs(NOW) == ["over"]
    first = made.find(MAINTENANCE, query, NOW + HOUR - TICK)
    assert first is not PENDING
    assert made.find(MAINTENANCE, query, NOW + HOUR) is PENDING
    assert refs(NOW + HOUR) == ["far", "over"]
    assert refs(NOW + 2 * HOUR) == ["far", "over"]
    assert refs(NOW + 2 * HOUR + TICK) == ["far"]


def test_an_answer_is_good_beyond_the_instant_at_which_it_was_made():
    """A window comes into its span at this very instant, and is told of already."""
    query = MaintenanceQuery(window_minutes=60)
    ahead = banner("ahead", status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    body, until = maintenance.body(picture(ahead), query, now=NOW)
    assert [one["ref"] for one in body["announcements"]] == ["ahead"]
    assert until == NOW + HOUR


def test_letters_stay_letters():
    told = ready(picture(banner(title="Wartüng"))).find("/api/status", "", NOW)
    assert told is not None
    assert "Wartüng".encode() in told.body


def test_variants_are_kept_up_to_a_number():
    made = ready(picture())
    for minutes in range(5, 305):
        made.make(MAINTENANCE, f"windowMinutes={minutes}", NOW)
    assert len(made._variants) == answers._MOST_VARIANTS


@pytest.mark.parametrize(
    ("cors", "is_open"), [("*", True), ("https://a.example", True), ("", False)]
)
def test_other_pages_may_read_it_where_the_setting_says_so(cors, is_open):
    page = ready(picture(), cors=cors).find("/", "", NOW)
    assert page is not None
    assert (("Access-Control-Allow-Origin", cors) in page.headers) is is_open
    asked = dict(answers.preflight(cors))
    assert asked.get("Access-Control-Allow-Origin") == (cors if is_open else None)
    assert ("Access-Control-Max-Age" in asked) is is_open


def test_a_tag_changes_with_what_is_told_and_not_with_the_hour():
    def tags(shown) -> list[str]:
        found = [ready(shown).find(path, "", NOW) for path in ("/api/status", MAINTENANCE)]
        return [one.etag for one in found if one is not None]

    first = picture(banner())
    later = replace(first, generated_at=NOW + timedelta(seconds=9), revision=2)
    assert tags(first) == tags(later)
    # What only others may see raises the revision, and moves nothing here.
    inside = banner("inside", kind="announcement", audiences=["operations"])
    assert tags(first) == tags(replace(first, banners=(*first.banners, inside)))
    assert tags(first) == tags(replace(first, cancelled=(inside,)))
    assert tags(first) == tags(replace(first, incidents=(event(audiences=["admin"]),)))
    assert tags(first) == tags(replace(first, components=(part("api", is_public=False),)))
    assert not set(tags(first)) & set(tags(replace(first, stale_since=NOW)))
    assert tags(first)[0] != tags(picture(banner(), components=(part("api"),)))[0]
    assert tags(first)[0] != tags(picture(banner(), incidents=(event(),)))[0]
    assert not set(tags(first)) & set(tags(picture(banner(title="Other"))))


def test_a_page_has_a_tag_of_its_bytes():
    one, other = (ready(picture(), page=page).find("/", "", NOW) for page in (b"a", b"b"))
    assert one is not None
    assert other is not None
    assert one.etag != other.etag


def test_what_the_picture_before_said_is_the_same_answer():
    before = ready(picture(banner()))
    later = picture(banner(), generated_at=NOW + HOUR / 2)
    after = ready(later, before=before)
    for path in ("/", "/api/status", MAINTENANCE):
        assert after.find(path, "", NOW) is before.find(path, "", NOW), path
    assert ready(later, page=b"other", before=before).find("/", "", NOW) is not before.find(
        "/", "", NOW
    )
    # Of a clock that was set back nothing is kept: its instants are still to come.
    back = ready(picture(banner(), generated_at=NOW - HOUR / 2), before=before)
    assert back.find("/api/status", "", NOW) is not before.find("/api/status", "", NOW)
