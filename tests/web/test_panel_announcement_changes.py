"""Announcements in the panel: changed, published and resolved by forms."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.status.announcements import AnnouncementIn
from portal.status.terms import Status
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.announcements import FORM, stored
from tests.web.pages import hidden_of, recorded, text_of, value_of


def test_a_changed_form_changes_it_and_keeps_its_slug(site: Site, person: Person):
    person.post("/panel/announcements/new", **FORM)
    page = text_of(person.client.get("/panel/announcements/new-terms"))
    assert value_of(page, "startsAt") == "2030-06-03T12:00"
    assert value_of(page, "endsAt") == FORM["endsAt"]
    form = {**FORM, "title": "Newer terms", "severity": "security"}
    del form["dismissible"]
    answer = person.post("/panel/announcements/new-terms", **form, version="1")
    assert answer.status_code == 303, text_of(answer)
    (row,) = stored(site)
    assert (row.slug, row.title, row.version) == ("new-terms", "Newer terms", 2)
    assert (row.severity, row.dismissible) == ("security", False)
    (event,) = recorded(site, "announcement.changed")
    assert {"title", "severity", "dismissible"} <= set(event.detail["fields"])


def test_what_a_form_leaves_alone_keeps_its_seconds(
    site: Site, person: Person, still: StandingClock
):
    still.advance(seconds=25)
    given = AnnouncementIn(
        slug="exact",
        title="Exact",
        status=Status.ACTIVE,
        starts_at=still.now(),
        ends_at=still.now() + timedelta(hours=1),
    )
    row = site.portal.status.announcements.create(By("ada"), given)
    page = text_of(person.client.get("/panel/announcements/exact"))
    times = {name: value_of(page, name) for name in ("startsAt", "endsAt")}
    answer = person.post("/panel/announcements/exact", **{**FORM, **times}, version="1")
    assert answer.status_code == 303, text_of(answer)
    (changed,) = stored(site)
    assert (changed.starts_at, changed.ends_at) == (row.starts_at, row.ends_at)
    assert changed.title == FORM["title"]


def test_a_stale_form_shows_both_and_changes_nothing(site: Site, person: Person):
    person.post("/panel/announcements/new", **FORM)
    path = "/panel/announcements/new-terms"
    person.post(path, **{**FORM, "title": "Theirs"}, version="1")
    page = text_of(person.post(path, **{**FORM, "title": "Mine"}, version="1"), 412)
    assert value_of(page, "title") == "Mine"
    assert "Theirs" in page
    assert hidden_of(page, "version") == "2"
    assert stored(site)[0].title == "Theirs"
    assert person.post(path, **{**FORM, "title": "Mine"}, version="2").status_code == 303
    assert stored(site)[0].title == "Mine"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "This field must not be empty."),
        ({"endsAt": "2030-06-01T12:00"}, "The end must be after the start."),
        ({"endsAt": "never"}, "Enter a date and time"),
    ],
)
def test_a_change_that_is_not_right_keeps_its_text_and_its_version(
    site: Site, person: Person, change: dict[str, str], said: str
):
    person.post("/panel/announcements/new", **FORM)
    sent = {**FORM, "message": "Another word.", **change}
    page = text_of(person.post("/panel/announcements/new-terms", **sent, version="1"), 422)
    assert said in page
    assert value_of(page, "message") == "Another word."
    assert value_of(page, "endsAt") == sent["endsAt"]
    assert hidden_of(page, "version") == "1"
    assert stored(site)[0].version == 1


def test_a_draft_is_published_and_resolved_by_a_click(
    site: Site, person: Person, still: StandingClock
):
    person.post("/panel/announcements/new", **{**FORM, "status": "draft"})
    assert "New terms" not in text_of(site.client().get("/"))
    assert "Publish" in text_of(person.client.get("/panel/maintenance"))
    path = "/panel/announcements/new-terms/status"
    assert person.post(path, status="active", version="1").status_code == 303
    assert "New terms" in text_of(site.client().get("/"))
    still.advance(minutes=5)
    assert person.post(path, status="resolved", version="2").status_code == 303
    (row,) = stored(site)
    # What it was to end at stays on record.
    assert (row.resolved_at, row.ends_at) == (still.now(), datetime(2030, 6, 10, 12, tzinfo=UTC))
    assert [
        (one.detail["before"], one.detail["after"])
        for one in recorded(site, "announcement.status.changed")
    ] == [("active", "resolved"), ("draft", "active")]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"status": "loud", "version": "1"}, 422),
        ({"version": "1"}, 422),
        ({"status": "resolved", "version": "4"}, 412),
        ({"status": "resolved", "version": "x"}, 400),
    ],
)
def test_a_status_that_cannot_be_changes_nothing(
    site: Site, person: Person, form: dict[str, str], status: int
):
    person.post("/panel/announcements/new", **FORM)
    assert person.post("/panel/announcements/new-terms/status", **form).status_code == status
    assert stored(site)[0].version == 1
    assert stored(site)[0].resolved_at is None


def test_what_is_resolved_stays_resolved(site: Site, person: Person):
    person.post("/panel/announcements/new", **FORM)
    path = "/panel/announcements/new-terms/status"
    person.post(path, status="resolved", version="1")
    assert person.post(path, status="active", version="2").status_code == 422
    assert stored(site)[0].status_at(NOW) is Status.RESOLVED
    page = text_of(person.client.get("/panel/announcements/new-terms"))
    assert '<option value="resolved" selected>' in page
