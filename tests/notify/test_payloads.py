"""A notice for machines and rooms: its subject, its JSON, and no mention in it."""

from typing import Any

import pytest

from portal.notify import messages
from portal.notify.channels import letters
from portal.notify.messages import Message
from portal.notify.subscribers import Subscriber
from tests.notify.notices import NAMES, notice

pytestmark = pytest.mark.unit
START, END = "2030-06-03T12:00:00Z", "2030-06-03T13:00:00Z"


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
