"""What an update of an incident may say; on rows alone."""

from datetime import date
from typing import Any

import pytest

from portal.errors import RuleError
from portal.status import incidents
from portal.status.components import Component, ComponentIn
from portal.status.incidents import Incident, UpdateIn
from portal.status.retrospectives import Action
from tests import rows
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit
API = [{"component": "api", "state": "major_outage"}]


def incident(**values: Any) -> Incident:
    return rows.incident(**{"reference": "INC-2030-0001", "status": "investigating", **values})


RESOLVED = {"status": "resolved", "resolved_at": NOW - HOUR / 2, "root_cause_category": "deploy"}


@pytest.mark.parametrize(
    ("row", "given", "field", "why"),
    [
        ({}, {"status": "identified"}, None, "it goes on"),
        ({}, {"status": "monitoring", "at": NOW}, None, "said now"),
        ({}, {"status": "monitoring", "at": NOW + TICK}, "at", "nobody speaks from the future"),
        ({}, {"status": "monitoring", "at": NOW - HOUR}, None, "said at its start"),
        ({}, {"status": "monitoring", "at": NOW - HOUR - TICK}, "at", "said before its start"),
        ({}, {"status": "resolved"}, "rootCauseCategory", "an end says what it was"),
        ({}, {"status": "resolved", "root_cause_category": "deploy"}, None, "as this one does"),
        ({"root_cause_category": "deploy"}, {"status": "resolved"}, None, "it is known already"),
        (
            {},
            {"status": "monitoring", "root_cause_category": "deploy"},
            "rootCauseCategory",
            "what goes on has no category",
        ),
        (RESOLVED, {"status": "monitoring"}, "status", "what is over is not taken up"),
        (RESOLVED, {"status": "resolved"}, None, "but a word more may be said"),
        ({}, {"status": "identified", "components": API}, None, "what is impaired may change"),
        (
            {},
            {"status": "resolved", "root_cause_category": "deploy", "components": API},
            "components",
            "nothing is impaired at the end",
        ),
        (
            {},
            {"status": "resolved", "root_cause_category": "deploy", "components": []},
            None,
            "which may be said",
        ),
        ({}, {"status": "monitoring", "next_update_at": NOW + TICK}, None, "the next comes later"),
        ({}, {"status": "monitoring", "next_update_at": NOW}, "nextUpdateAt", "not at once"),
        ({}, {"status": "monitoring", "next_update_at": NOW - HOUR}, "nextUpdateAt", "nor before"),
        (
            {},
            {"status": "monitoring", "at": NOW - HOUR / 2, "next_update_at": NOW},
            None,
            "later than the update, not than now",
        ),
        (
            {},
            {"status": "resolved", "root_cause_category": "deploy", "next_update_at": NOW + HOUR},
            "nextUpdateAt",
            "none comes after the end",
        ),
    ],
)
def test_what_an_update_may_say(row, given, field, why):
    update = UpdateIn(**{"message": "m", **given})
    if field is None:
        assert update.check(incident(**row), now=NOW) == given.get("at", NOW)
        return
    with pytest.raises(RuleError) as caught:
        update.check(incident(**row), now=NOW)
    assert caught.value.field == field, why


def test_an_incident_starts_now_or_before():
    incidents.check_start(NOW, now=NOW)
    incidents.check_start(NOW - HOUR, now=NOW)
    with pytest.raises(RuleError, match="Schedule a maintenance window"):
        incidents.check_start(NOW + TICK, now=NOW)


@pytest.mark.parametrize(
    ("done", "due", "is_overdue", "why"),
    [
        (False, date(2030, 6, 2), True, "its day has passed"),
        (False, date(2030, 6, 3), False, "its day is today"),
        (False, None, False, "it has no day"),
        (True, date(2030, 6, 2), False, "it is done"),
    ],
)
def test_when_an_action_is_overdue(done, due, is_overdue, why):
    action = Action(kind="alert", text="t", due_at=due, done=done)
    assert action.is_overdue(date(2030, 6, 3)) is is_overdue, why


@pytest.mark.parametrize(
    ("before", "wanted", "since", "why"),
    [
        (None, None, date(2030, 6, 3), "a new one begins today"),
        (None, date(2029, 1, 1), date(2029, 1, 1), "or when it says"),
        (None, date(2030, 6, 3), date(2030, 6, 3), "today is not in the future"),
        (None, date(2030, 6, 4), None, "tomorrow is"),
        (date(2028, 1, 1), None, date(2028, 1, 1), "an edit keeps the first day"),
    ],
)
def test_the_first_day_of_a_component(before, wanted, since, why):
    row = Component(slug="api", since=before)
    given = ComponentIn(slug="api", name="API", since=wanted, alerts=["a", "b", "a"])
    if since is None:
        with pytest.raises(RuleError) as caught:
            given.apply(row, now=NOW)
        assert caught.value.field == "since", why
        return
    given.apply(row, now=NOW)
    assert row.since == since, why
    assert row.alerts == ["a", "b"]
