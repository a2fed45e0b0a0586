"""An incident as a banner: its latest words, as far as readers may know them; on values alone."""

from datetime import timedelta
from typing import Any

import pytest

from portal.board import incidents
from portal.board.incidents import IncidentView
from portal.status.components import Impact, State
from portal.status.incidents import (
    Category,
    ImpactLevel,
    Incident,
    IncidentIn,
    IncidentUpdate,
    Progress,
    UpdateIn,
)
from portal.status.retrospectives import Retrospective
from portal.status.terms import Status
from tests import rows
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


def incident(**values: Any) -> Incident:
    return rows.incident(**{"reference": "INC-2030-0001", "status": "investigating", **values})


def line(minutes: int, message: str, **values: Any) -> IncidentUpdate:
    """So many minutes before now."""
    return IncidentUpdate(
        **{
            "at": NOW - timedelta(minutes=minutes),
            "message": message,
            "is_public": True,
            "status": "investigating",
            **values,
        }
    )


def test_readers_see_public_updates_alone():
    lines = [
        line(1, "latest"),
        line(2, "inside", is_public=False),
        line(3, "a note", status=None, is_public=False),
        line(4, "never said", status=None),
        line(5, "first"),
    ]
    shown = incidents.view(incident(), lines, [])
    assert [one.message for one in shown.updates] == ["latest", "first"]
    assert shown.is_public
    assert not incidents.view(incident(audiences=["admin"]), lines, []).is_public


def test_an_incident_as_a_banner_says_its_latest_words():
    shown = incidents.view(incident(), [line(1, "latest"), line(5, "first")], [])
    one = incidents.banner(shown, 7)
    assert (one.message, one.message_html) == ("latest", "<p>latest</p>")
    assert (one.status, one.ends_at, one.version) == (Status.ACTIVE, None, 7)
    assert one.published_at == NOW - timedelta(minutes=5)
    assert one.dismissible is False


def test_an_incident_without_a_word_is_told_all_the_same():
    one = incidents.banner(incidents.view(incident(resolved_at=NOW), [], []), 1)
    assert (one.message, one.message_html) == ("", "")
    assert (one.status, one.over_at, one.published_at) == (Status.RESOLVED, NOW, NOW - HOUR)


def test_an_update_that_is_not_posted_yet_is_seen_as_it_would_be():
    api, web = (Impact(component=slug, state=State.MAJOR) for slug in ("api", "web"))
    said = UpdateIn(status=Progress.MONITORING, message="Better.")
    shown, one = incidents.of_update(incident(version=3), [api], said, now=NOW)
    assert (shown.components, shown.status, one.message) == ([api], Progress.MONITORING, "Better.")
    said = UpdateIn(status=Progress.MONITORING, message="Better.", components=[web])
    assert incidents.of_update(incident(version=3), [api], said, now=NOW)[0].components == [web]
    said = UpdateIn(status=Progress.MONITORING, message="Better.", components=[])
    assert incidents.of_update(incident(version=3), [api], said, now=NOW)[0].components == []
    assert (one.ends_at, one.status) == (None, Status.ACTIVE)


def test_the_update_that_ends_an_incident_is_seen_as_its_end():
    said = UpdateIn(status=Progress.RESOLVED, message="Over.", root_cause_category=Category.DEPLOY)
    shown, one = incidents.of_update(incident(version=3), [], said, now=NOW)
    assert (shown.resolved_at, one.status, one.over_at) == (NOW, Status.RESOLVED, NOW)


def test_an_incident_that_is_not_opened_yet_cannot_be_dismissed_either():
    new = IncidentIn(title="API errors", impact=ImpactLevel.MAJOR, message="**We** look.")
    one = incidents.of_draft(new, now=NOW)
    assert one.dismissible is False
    assert (one.message_html, one.starts_at) == ("<p><strong>We</strong> look.</p>", NOW)


def test_words_are_asked_for_only_of_what_has_changed():
    known, asked = incidents.Known(), []
    rows_of = [incident(id=number, version=1) for number in (1, 2)]

    def read(ids: list[int]) -> dict[int, list[IncidentUpdate]]:
        asked.append(ids)
        return {}

    known.told(rows_of, {}, {}, read=read)
    known.told(rows_of, {}, {}, read=read)
    assert asked == [[1, 2]], "nothing has changed, so nobody is asked"
    known.told([rows_of[0], incident(id=2, version=2)], {}, {}, read=read)
    assert asked == [[1, 2], [2]]


def test_what_was_learned_later_is_seen():
    known, row = incidents.Known(), incident(id=1, version=1)

    def learned(version: int, impact: str) -> Retrospective:
        return Retrospective(
            id=1, root_cause="x", impact=impact, actions=[], version=version, updated_at=NOW
        )

    def told(learned: dict[int, Retrospective]) -> IncidentView:
        ((shown, _),) = known.told([row], {}, learned, read=lambda ids: {})
        return shown

    assert told({}).postmortem is None
    for version, impact in ((1, "much"), (2, "little")):
        found = told({1: learned(version, impact)}).postmortem
        assert found is not None
        assert found.impact == impact
    assert known.made == 3
    told({1: learned(2, "little")})
    assert known.made == 3, "what is as it was is the very same"
