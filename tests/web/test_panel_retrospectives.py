"""Retrospectives in the panel: written after the end, saved again, shown when published."""

from datetime import timedelta
from typing import Any

import pytest

from portal.accounts.roles import Role
from portal.status import incidents
from portal.status.incidents import Category, ImpactLevel, IncidentIn, Progress, UpdateIn
from portal.status.retrospectives import Retrospective
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.pages import hidden_of, recorded, text_of, value_of

REFERENCE = "INC-2030-0001"
PATH = f"/panel/incidents/{REFERENCE}"
FORM: dict[str, Any] = {
    "rows": "2",
    "rootCauseCategory": "capacity",
    "rootCause": "A full disk.",
    "impact": "Slow answers.",
    "text-0": "Watch the disk",
    "kind-0": "alert",
    "owner-0": "Ada",
    "due-0": "2030-06-10",
    "text-1": "",
    "kind-1": "alert",
}


def kept(site: Site) -> Retrospective | None:
    with site.portal.core.open_session() as session:
        row = incidents.find(session, REFERENCE)
        assert row is not None
        return session.get(Retrospective, row.id)


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    site.portal.status.incidents.open(
        By("a"), IncidentIn(title="Slow answers", impact=ImpactLevel.MINOR, message="We look.")
    )
    return site.signed_in(Role.OPERATOR)


def resolve(site: Site) -> None:
    given = UpdateIn(
        status=Progress.RESOLVED, message="Over.", root_cause_category=Category.CAPACITY
    )
    site.portal.status.incidents.update(By("a"), REFERENCE, given)


def test_it_follows_the_end(site: Site, person: Person):
    text_of(person.client.get(f"{PATH}/retrospective"), 422)
    assert person.post(f"{PATH}/retrospective", **FORM).status_code == 422
    assert kept(site) is None


def test_it_begins_with_what_the_last_update_said(site: Site, person: Person):
    resolve(site)
    page = text_of(person.client.get(f"{PATH}/retrospective"))
    assert '<option value="capacity" selected>' in page
    assert hidden_of(page, "version") == ""
    assert hidden_of(page, "rows") == "3"


def test_it_is_kept_and_shown_when_it_is_published(site: Site, person: Person):
    resolve(site)
    assert person.post(f"{PATH}/retrospective", **FORM).status_code == 303
    row = kept(site)
    assert row is not None
    assert (row.version, row.is_published, row.root_cause) == (1, False, "A full disk.")
    assert row.actions == [
        {
            "kind": "alert",
            "text": "Watch the disk",
            "owner": "Ada",
            "dueAt": "2030-06-10",
            "done": False,
        }
    ]
    assert "A full disk." not in text_of(site.client().get(f"/incidents/{REFERENCE}"))
    again = {**FORM, "done-0": "on", "published": "on", "version": "1"}
    assert person.post(f"{PATH}/retrospective", **again).status_code == 303
    public = text_of(site.client().get(f"/incidents/{REFERENCE}"))
    assert "A full disk." in public
    assert "Ada" not in public
    assert [one.detail["published"] for one in recorded(site, "incident.retrospective")] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rootCauseCategory": "gremlins"}, "Use '"),
        ({"kind-0": "prayer"}, "Use '"),
        ({"due-0": "soon"}, "Write a date such as 2030-06-03."),
        ({"text-0": "x" * 501}, "Use 500 characters at most."),
    ],
)
def test_a_form_that_is_not_right_keeps_its_text(
    site: Site, person: Person, change: dict[str, str], said: str
):
    resolve(site)
    sent = {**FORM, **change}
    page = text_of(person.post(f"{PATH}/retrospective", **sent), 422)
    assert said in page
    assert value_of(page, "rootCause") == "A full disk."
    assert f'value="{sent["text-0"]}"' in page
    assert kept(site) is None


@pytest.mark.parametrize("rows", ["", "many", "51", "00500000", "1000000000000"])
def test_a_form_that_is_not_whole_is_refused(site: Site, person: Person, rows: str):
    resolve(site)
    text_of(person.post(f"{PATH}/retrospective", **{**FORM, "rows": rows}), 400)
    assert kept(site) is None


def test_two_write_at_once_and_no_text_is_lost(site: Site, person: Person):
    resolve(site)
    person.post(f"{PATH}/retrospective", **FORM)
    other = site.signed_in(Role.OPERATOR)
    theirs = {**FORM, "rootCause": "A full queue.", "version": "1"}
    assert other.post(f"{PATH}/retrospective", **theirs).status_code == 303
    mine = {**FORM, "rootCause": "A tired disk.", "version": "1"}
    page = text_of(person.post(f"{PATH}/retrospective", **mine), 412)
    assert "Someone else saved this in the meantime" in page
    assert value_of(page, "rootCause") == "A tired disk."
    row = kept(site)
    assert row is not None
    assert (row.root_cause, row.version) == ("A full queue.", 2)


def test_an_action_that_is_not_done_is_overdue_from_the_day_after(
    site: Site, person: Person, still: StandingClock
):
    resolve(site)
    due = f"{NOW + timedelta(days=1):%Y-%m-%d}"
    person.post(f"{PATH}/retrospective", **{**FORM, "due-0": due})
    for days, is_overdue in ((1, False), (1, True)):
        still.advance(days=days)
        person.sign_in()
        assert ("Overdue" in text_of(person.client.get("/panel/incidents"))) is is_overdue


def test_a_viewer_reads_it_and_saves_nothing(site: Site, person: Person):
    resolve(site)
    person.post(f"{PATH}/retrospective", **FORM)
    viewer = site.signed_in(Role.VIEWER)
    assert viewer.client.get(f"{PATH}/retrospective").status_code == 403
    assert viewer.post(f"{PATH}/retrospective", **FORM, version="1").status_code == 403
    assert kept(site).version == 1


def test_of_an_incident_that_is_not_there_it_is_not_found(site: Site, person: Person):
    text_of(person.client.get("/panel/incidents/INC-2030-0099/retrospective"), 404)
    text_of(person.client.get("/panel/incidents/INC-2030-0099"), 404)
    for act in ("updates", "notes", "acknowledgement", "captures"):
        form = {"message": "x", "note": "x", "status": "identified"}
        text_of(person.post(f"/panel/incidents/INC-2030-0099/{act}", **form), 404)
