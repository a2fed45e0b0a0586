"""Announcements in the panel: told, changed, published and resolved by forms."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts.roles import Role
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.terms import Audience, Channel, Severity, Status
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, hidden_of, recorded, text_of, value_of

FORM: dict[str, Any] = {
    "title": "New terms",
    "message": "They begin **in July**.",
    "severity": "info",
    "status": "active",
    "audiences": ["public"],
    "channels": ["web"],
    "startsAt": "",
    "endsAt": "2030-06-10T12:00",
    "dismissible": "on",
    "key": KEY,
}


def stored(site: Site) -> list[Announcement]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Announcement).order_by(Announcement.id)))


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.OPERATOR)


def test_a_form_tells_at_once(site: Site, person: Person):
    answer = person.post("/panel/announcements/new", **FORM)
    assert answer.status_code == 303, text_of(answer)
    (row,) = stored(site)
    assert (row.slug, row.starts_at, row.status_at(NOW)) == ("new-terms", NOW, Status.ACTIVE)
    assert row.ends_at == datetime(2030, 6, 10, 12, 0, tzinfo=UTC)
    assert row.dismissible
    assert "<strong>in July</strong>" in text_of(site.client().get("/"))
    (event,) = recorded(site, "announcement.created")
    assert (event.actor, event.detail["ref"]) == (person.name, "new-terms")
    assert 'id="announcement-new-terms"' in text_of(person.client.get("/panel/maintenance"))


def test_an_empty_form_would_tell_everyone_on_the_web_now(site: Site, person: Person):
    page = text_of(person.client.get("/panel/announcements/new"))
    assert value_of(page, "title") == value_of(page, "startsAt") == ""
    assert '<option value="active" selected>' in page
    assert 'name="audiences" value="public" checked' in page
    assert 'name="audiences" value="operations">' in page


def test_a_form_sent_twice_tells_once(site: Site, person: Person):
    for _ in range(2):
        assert person.post("/panel/announcements/new", **FORM).status_code == 303
    assert [row.slug for row in stored(site)] == ["new-terms"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "This field must not be empty."),
        ({"severity": "loud"}, "Input should be 'info'"),
        ({"status": "resolved"}, "cannot be resolved"),
        ({"audiences": []}, "List should have at least 1 item"),
        ({"audiences": ["publik"]}, "Input should be 'public'"),
        ({"channels": []}, "List should have at least 1 item"),
        ({"startsAt": "2030-06-05T12:00"}, "Use the status scheduled"),
        ({"startsAt": "soon"}, "Enter a date and time"),
        ({"endsAt": "2030-06-01T12:00"}, "The end must be after the start."),
        ({"status": "scheduled", "startsAt": "2030-06-01T12:00"}, "must start in the future"),
        ({"status": "draft", "startsAt": "2030-06-20T12:00"}, "The end must be after the start."),
    ],
)
def test_a_form_that_is_not_right_keeps_its_text_and_tells_nobody(
    site: Site, person: Person, change: dict[str, Any], said: str
):
    sent = {**FORM, **change}
    page = text_of(person.post("/panel/announcements/new", **sent), 422)
    assert "Nothing was saved" in page
    assert said in page
    for field in ("title", "message", "startsAt", "endsAt"):
        assert value_of(page, field) == sent[field], field
    assert hidden_of(page, "key") == KEY
    assert stored(site) == []
    assert recorded(site, "announcement") == []


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


def test_what_is_not_there_is_not_found(site: Site, person: Person):
    text_of(person.client.get("/panel/announcements/nothing"), 404)
    text_of(person.post("/panel/announcements/nothing", **FORM), 404)
    text_of(person.post("/panel/announcements/nothing/status", status="active"), 404)


def test_a_viewer_sees_all_and_is_offered_nothing(site: Site, person: Person):
    person.post("/panel/announcements/new", **FORM)
    viewer = site.signed_in(Role.VIEWER)
    page = text_of(viewer.client.get("/panel/maintenance"))
    assert "New terms" in page
    for word in ("New announcement", "Resolve"):
        assert word not in page
    for path in ("new", "new-terms", "new-terms/status"):
        form = {**FORM, "status": "resolved"}
        assert viewer.post(f"/panel/announcements/{path}", **form).status_code == 403
    assert [row.version for row in stored(site)] == [1]


def test_a_preview_shows_the_banner_and_stores_nothing(site: Site, person: Person):
    text = text_of(
        person.post("/panel/announcements/preview", **{**FORM, "channels": ["web", "email"]})
    )
    assert "<strong>in July</strong>" in text
    assert "0 subscribers will be notified." in text
    assert stored(site) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "Title must not be empty."),
        ({"endsAt": "2030-06-01T12:00"}, "The end must be after the start."),
    ],
)
def test_a_preview_says_what_is_missing(
    site: Site, person: Person, change: dict[str, str], said: str
):
    text = text_of(person.post("/panel/announcements/preview", **{**FORM, **change}))
    assert said in text
    assert "told." not in text


def test_only_those_it_is_for_are_told(site: Site, person: Person):
    form = {**FORM, "audiences": ["operations"], "severity": "security"}
    assert person.post("/panel/announcements/new", **form).status_code == 303
    (row,) = stored(site)
    assert (row.audiences, row.channels) == ([Audience.OPERATIONS], [Channel.WEB])
    assert row.severity == Severity.SECURITY
    assert "New terms" not in text_of(site.client().get("/"))
