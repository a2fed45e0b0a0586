"""The public API's parameters, and which banners its answers hold; on values alone."""

import pytest

from portal.board import answers, maintenance
from portal.board.maintenance import BadQueryError, MaintenanceQuery
from portal.status.terms import Audience, Channel
from tests.board.documents import update
from tests.board.pictures import banner, event, part, picture
from tests.instants import HOUR, NOW, TICK

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
        ("utm_source=a&limit=50&utm_source=b", MaintenanceQuery(limit=50)),
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
        components=(part("api"), part("web", is_unknown=True), part("hidden", is_public=False)),
        incidents=(event(updates=[update(1, "m")]), event("over", status="resolved")),
        stale_since=NOW,
    )
    body = answers.status(shown, poll_seconds=15)
    assert [one["ref"] for one in body["windows"]] == ["runs", "ahead"]
    assert [one["ref"] for one in body["banners"]] == ["runs", "said"]
    assert [(one["slug"], one["isKnown"]) for one in body["components"]] == [
        ("api", True),
        ("web", False),
    ]
    assert [one["reference"] for one in body["incidents"]] == ["INC-2030-0001"]
    # Whose it is and what was learned stand elsewhere, and the messages are not told twice.
    assert not {"audiences", "postmortem"} & body["incidents"][0].keys()
    assert body["incidents"][0]["updates"][0].keys() == {"at", "status", "message"}
    assert body["incidents"][0]["startedAt"] == "2030-06-03T11:00:00Z"
    assert (body["pollSeconds"], body["staleAfterSeconds"]) == (15, 22)
    assert body["staleSince"] == "2030-06-03T12:00:00Z"
    assert answers.status(picture(), poll_seconds=15)["staleSince"] is None
