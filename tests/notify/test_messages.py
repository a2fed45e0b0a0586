"""Notices in words: what stands in a subject and under it, whoever is told."""

from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.notify import messages
from portal.notify.messages import Message
from portal.status.notices import Event, NoticeKind
from tests import rows
from tests.instants import NOW

NAMES = {"api": "The API"}


def message(kind: NoticeKind, event: Event, **facts: Any) -> Message:
    notice = rows.notice(
        id=1,
        kind=kind.value,
        event=event.value,
        ref="ref-1",
        title="The title",
        message="A **word**.",
        facts=facts,
    )
    return messages.of(notice, NAMES)


@pytest.mark.parametrize(
    ("kind", "event", "facts", "subject", "link"),
    [
        (
            NoticeKind.INCIDENT,
            Event.OPENED,
            {"status": "investigating", "impact": "major", "components": {}},
            "Investigating: The title",
            "/incidents/ref-1",
        ),
        (
            NoticeKind.INCIDENT,
            Event.LEARNED,
            {"status": "resolved", "impact": "major", "components": {}},
            "What we learned: The title",
            "/incidents/ref-1",
        ),
        (
            NoticeKind.WINDOW,
            Event.CANCELLED,
            {},
            "Maintenance cancelled: The title",
            "/maintenance/ref-1",
        ),
        (NoticeKind.SERIES, Event.CANCELLED, {}, "Maintenance cancelled: The title", "/"),
        (
            NoticeKind.ANNOUNCEMENT,
            Event.PUBLISHED,
            {"severity": "security"},
            "Security: The title",
            "/",
        ),
        (
            NoticeKind.ANNOUNCEMENT,
            Event.CHANGED,
            {"severity": "info"},
            "Notice, changed: The title",
            "/",
        ),
        (NoticeKind.ANNOUNCEMENT, Event.RESOLVED, {"severity": "info"}, "Resolved: The title", "/"),
        (NoticeKind.ALERT, Event.LASTS, {"link": "/panel#x"}, "Alert lasts: The title", "/panel#x"),
        (NoticeKind.ALERT, Event.UPDATE_DUE, {}, "Update due: The title", "/panel"),
        (NoticeKind.MESSAGE, Event.SENT, {}, "Message: The title", "/"),
    ],
)
def test_a_notice_says_what_happened_and_where_to_read_on(
    kind: NoticeKind, event: Event, facts: dict[str, Any], subject: str, link: str
):
    told = message(kind, event, **facts)
    assert told.subject("Status") == f"[Status] {subject}"
    assert told.link == link
    assert "<strong>word</strong>" in told.html


def test_a_subject_is_one_line_whatever_stands_in_the_title():
    notice = message(NoticeKind.MESSAGE, Event.SENT)
    odd = Message(**{**vars(notice), "title": "One\r\nBcc: eve@example.com\u2028two"})
    assert odd.subject("Status") == "[Status] Message: One Bcc: eve@example.com two"


def test_a_window_that_moves_says_previously_and_now():
    begin, end = NOW, NOW + timedelta(hours=1)
    told = message(
        NoticeKind.WINDOW,
        Event.EXTENDED,
        startsAt=clock.iso(begin),
        endsAt=clock.iso(end + timedelta(hours=1)),
        previousEndsAt=clock.iso(end),
        zone="Europe/Berlin",
    )
    previously, now = told.facts[:2]
    assert (previously.label, previously.at, previously.until) == ("Previously", begin, end)
    assert (now.label, now.at, now.until) == ("Now", begin, end + timedelta(hours=1))
    assert {previously.zone, now.zone} == {"Europe/Berlin"}
