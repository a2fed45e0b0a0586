"""A notice in words: its head, its link and the lines under its title; on values alone."""

import pytest

from portal.notify import messages
from portal.notify.messages import Fact
from tests.instants import HOUR, NOW
from tests.notify.notices import NAMES, notice

pytestmark = pytest.mark.unit
START, END = "2030-06-03T12:00:00Z", "2030-06-03T13:00:00Z"


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
