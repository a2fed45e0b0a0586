"""A notice in words: its head, its link and the lines under its title; on values alone."""

from typing import Any

import pytest

from portal.notify import messages
from portal.notify.channels import letters
from portal.notify.messages import Fact, Message
from portal.notify.subscribers import Subscriber
from portal.status.notices import Notice
from tests import rows
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit
START, END = "2030-06-03T12:00:00Z", "2030-06-03T13:00:00Z"
NAMES = {"api": "API", "web": "Web"}


def notice(**values: Any) -> Notice:
    return rows.notice(**{"id": 7, "message": "m", **values})


@pytest.mark.parametrize(
    ("values", "head"),
    [
        ({"event": "ended"}, ("Maintenance is over", "ok")),
        ({"kind": "series", "event": "cancelled"}, ("Maintenance cancelled", "muted")),
        ({"kind": "alert", "event": "lasts"}, ("Alert lasts", "bad")),
        ({"kind": "incident", "event": "learned"}, ("What we learned", "info")),
        (
            {"kind": "incident", "event": "updated", "facts": {"status": "identified"}},
            ("Identified", "warn"),
        ),
        (
            {"kind": "announcement", "event": "resolved", "facts": {"severity": "info"}},
            ("Resolved", "ok"),
        ),
        (
            {"kind": "announcement", "event": "published", "facts": {"severity": "incident"}},
            ("Incident", "bad"),
        ),
        (
            {"kind": "announcement", "event": "changed", "facts": {"severity": "security"}},
            ("Security, changed", "warn"),
        ),
        ({"kind": "message", "event": "sent"}, ("Message", "info")),
    ],
)
def test_the_head_of_a_message(values, head):
    found = messages.of(notice(**values), NAMES)
    assert (found.word, found.tone) == head


@pytest.mark.parametrize(
    ("values", "link"),
    [
        ({}, "/maintenance/m-1"),
        ({"kind": "incident", "ref": "INC-1", "facts": {"status": "resolved"}}, "/incidents/INC-1"),
        ({"kind": "alert", "event": "lasts", "facts": {"link": "/panel/x"}}, "/panel/x"),
        ({"kind": "alert", "event": "lasts"}, "/panel"),
        ({"kind": "series", "event": "scheduled"}, "/"),
        ({"kind": "message", "event": "sent"}, "/"),
    ],
)
def test_where_to_read_on(values, link):
    assert messages.of(notice(**values), NAMES).link == link


WHEN = {"startsAt": START, "endsAt": END, "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("values", "facts", "why"),
    [
        ({}, [], "nothing is said"),
        (
            {"facts": WHEN},
            [Fact("When", at=NOW, until=NOW + HOUR, zone="Europe/Berlin")],
            "from when to when",
        ),
        ({"facts": {"endsAt": END}}, [Fact("Until", at=NOW + HOUR)], "an end alone"),
        (
            {"facts": {**WHEN, "previousEndsAt": START}},
            [
                Fact("Previously", at=NOW, until=NOW, zone="Europe/Berlin"),
                Fact("Now", at=NOW, until=NOW + HOUR, zone="Europe/Berlin"),
            ],
            "the end was another, the start was not",
        ),
        (
            {"facts": {**WHEN, "previousStartsAt": END}},
            [
                Fact("Previously", at=NOW + HOUR, until=NOW + HOUR, zone="Europe/Berlin"),
                Fact("Now", at=NOW, until=NOW + HOUR, zone="Europe/Berlin"),
            ],
            "the start was another, the end was not",
        ),
        (
            {"facts": {"rule": "r", "windows": [WHEN, {"startsAt": END}]}},
            [Fact("Next", at=NOW, until=NOW + HOUR), Fact("Then", at=NOW + HOUR)],
            "of a series",
        ),
        (
            {"components": ["api", "web", "hidden"]},
            [Fact("Affected", named=(("API", ""), ("Web", "")))],
            "what readers know",
        ),
        ({"components": ["hidden"]}, [], "nothing that they know"),
        (
            {"components": ["api", "web"], "facts": {"effects": {"web": "partial_outage"}}},
            [Fact("Affected", named=(("API", ""), ("Web", "partial outage")))],
            "what is left of it",
        ),
        (
            {"facts": {"components": {"api": "operational", "web": "major_outage"}}},
            [Fact("Affected", named=(("Web", "major outage"),))],
            "what works again is not affected",
        ),
        ({"facts": {"components": {"api": "operational"}}}, [], "nothing is"),
        (
            {
                "kind": "announcement",
                "event": "resolved",
                "components": ["api"],
                "facts": {"severity": "info"},
            },
            [],
            "it is over",
        ),
        ({"facts": {"expected": "slow"}}, [Fact("Expect", "slow")], "what to expect"),
        ({"facts": {"expected": ""}}, [], "nothing to expect"),
        ({"facts": {"impact": "none"}}, [], "no impact"),
        ({"facts": {"nextUpdateAt": END}}, [Fact("Next update by", at=NOW + HOUR)], "the next"),
        (
            {
                "kind": "incident",
                "event": "updated",
                "facts": {"status": "identified", "impact": "major"},
            },
            [Fact("When", at=NOW), Fact("Impact", word="major")],
            "an incident says when first",
        ),
    ],
)
def test_the_lines_under_a_title(values, facts, why):
    assert messages.of(notice(**values), NAMES).facts == facts, why


def message(title: str) -> Message:
    return Message("Word", "info", title, "", "", "/", "")


@pytest.mark.parametrize(
    ("title", "subject"),
    [("T", "[Site] Word: T"), ("", "[Site] Word"), ("a\r\nBcc: b", "[Site] Word: a Bcc: b")],
)
def test_a_subject_is_one_line(title, subject):
    assert message(title).subject("Site") == subject


def payload(**values: Any) -> dict[str, Any]:
    return messages.payload(notice(**values), NAMES, site="Site", url="https://s.example")


def test_what_a_webhook_gets():
    body = payload(
        components=["api", "hidden", "web"],
        facts={"effects": {"web": "partial_outage", "hidden": "major_outage"}, "zone": "UTC"},
    )
    assert body["components"] == [
        {"slug": "api", "name": "API"},
        {"slug": "web", "name": "Web", "state": "partial_outage"},
    ]
    assert (body["id"], body["type"], body["zone"]) == ("7", "window.started", "UTC")
    assert (body["url"], body["occurredAt"]) == ("https://s.example/maintenance/m-1", START)
    assert "effects" not in body
    assert payload(id=None)["id"] == ""


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("@everyone", "@\u200beveryone"),
        ("@Here and @all", "@\u200bHere and @\u200ball"),
        ("@allison", "@allison"),
        ("<!channel> <@U1>", "<\u200b!channel> <\u200b@U1>"),
    ],
)
def test_no_mention_wakes_a_room(text, quiet):
    assert messages.quiet(text) == quiet


@pytest.mark.parametrize(
    ("language", "topics", "said"),
    [
        ("en", [], ""),
        ("en", ["maintenance"], "maintenance"),
        ("en", ["maintenance", "incidents"], "incidents and maintenance"),
        ("de", ["maintenance", "incidents"], "de:Incidents, de:Maintenance"),
    ],
)
def test_topics_are_named_as_they_were_asked_for(language: str, topics: list[str], said: str):
    asked = Subscriber(language="en", wanted={"topics": topics, "language": language})
    assert letters.topics_of(asked, lambda name, word: f"{name}:{word}") == said
