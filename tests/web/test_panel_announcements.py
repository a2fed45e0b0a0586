"""Announcements in the panel: told by forms, and previewed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.accounts.roles import Role
from portal.status.terms import Audience, Channel, Severity, Status
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.announcements import FORM, stored
from tests.web.pages import KEY, hidden_of, recorded, text_of, value_of


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
        ({"severity": "loud"}, "Use 'info'"),
        ({"status": "resolved"}, "cannot be resolved"),
        ({"audiences": []}, "Choose at least one."),
        ({"audiences": ["publik"]}, "Use 'public'"),
        ({"channels": []}, "Choose at least one."),
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
