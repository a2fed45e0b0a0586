"""Translations in the panel's forms: folded, kept as they were typed, and shown in the preview."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from portal.status.announcements import Announcement
from portal.status.incidents import Incident, IncidentUpdate
from portal.status.series import WindowSeries
from portal.status.windows import Window
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, text_of, value_of

AUDIENCE = {"audiences": ["public"], "channels": ["web"]}
TYPED = {"translations.de.title": "Auf Deutsch", "translations.de.message": "**Text**"}
STORED = {"de": {"title": "Auf Deutsch", "message": "**Text**"}}
FORMS: dict[str, dict[str, Any]] = {
    "announcements": {"title": "T", "message": "m", "severity": "info", "status": "active"},
    "windows": {
        "title": "T",
        "message": "m",
        "zone": "UTC",
        "startsAt": "2030-06-04T02:00",
        "endsAt": "2030-06-04T03:00",
    },
    "incidents": {"title": "T", "message": "m", "status": "investigating", "impact": "minor"},
}
ROWS = {"announcements": Announcement, "windows": Window, "incidents": Incident}
LANGUAGES = ("de", "fr", "es", "ja", "ar")


def form(noun: str, **more: Any) -> dict[str, Any]:
    return {**AUDIENCE, **FORMS[noun], "key": KEY, **more}


def row_of(site: Site, kind: Any) -> Any:
    with site.portal.core.open_session() as session:
        return session.scalars(select(kind).order_by(kind.id.desc())).first()


def path_of(noun: str, row: Any) -> str:
    return f"/panel/{noun}/{row.slug if noun == 'announcements' else row.reference}"


def fold(page: str) -> str:
    """The part of a form that holds them."""
    found = re.search(
        r'<details class="more"( open)?>\s*<summary><b>Translations</b>.*', page, re.S
    )
    assert found
    return found.group()


@pytest.mark.parametrize("noun", FORMS)
def test_an_empty_form_has_a_pair_of_fields_a_language_folded(person: Person, noun: str):
    page = text_of(person.client.get(f"/panel/{noun}/new"))
    assert ("they stay as they are" in page) is (noun != "incidents")
    part = fold(page)
    assert "(none)" in part.split("</summary>")[0]
    assert not re.match(r'<details class="more" open', part)
    for language in LANGUAGES:
        for field in ("title", "message"):
            name = f"translations.{language}.{field}"
            assert re.search(rf'<label for="{name}">', page)
            assert re.search(rf'id="{name}"[^>]* lang="{language}" dir="auto"', page)
            assert value_of(page, name) == ""


@pytest.mark.parametrize("noun", FORMS)
def test_what_is_typed_is_stored_and_blanks_are_not(site: Site, person: Person, noun: str):
    typed = form(noun, **TYPED, **{"translations.fr.title": " ", "translations.fr.message": ""})
    answer = person.post(f"/panel/{noun}/new", **typed)
    assert answer.status_code == 303, text_of(answer)
    row = row_of(site, ROWS[noun])
    if noun == "incidents":
        assert row.translations == {"de": {"title": "Auf Deutsch"}}
        assert row_of(site, IncidentUpdate).translations == {"de": {"message": "**Text**"}}
    else:
        assert row.translations == STORED


def test_a_recurring_window_has_them(site: Site, person: Person):
    typed = form("windows", repeats="weekly", **TYPED)
    assert person.post("/panel/windows/new", **typed).status_code == 303
    assert row_of(site, WindowSeries).translations == STORED
    assert row_of(site, Window).translations == STORED


@pytest.mark.parametrize("noun", ["announcements", "windows"])
def test_an_edit_fills_them_in_and_takes_away_what_is_emptied(
    site: Site, person: Person, noun: str
):
    person.post(f"/panel/{noun}/new", **form(noun, **TYPED))
    path = path_of(noun, row_of(site, ROWS[noun]))
    page = text_of(person.client.get(path))
    for name, value in TYPED.items():
        assert value_of(page, name) == value
    assert "German" in fold(page).split("</summary>")[0]
    # A form without these fields takes none away.
    assert person.post(path, **form(noun, title="U"), version="1").status_code == 303
    assert row_of(site, ROWS[noun]).translations == STORED
    emptied = dict.fromkeys(TYPED, "") | {"translations.ar.title": "عنوان"}
    assert person.post(path, **form(noun, **emptied), version="2").status_code == 303
    assert row_of(site, ROWS[noun]).translations == {"ar": {"title": "عنوان"}}


@pytest.mark.parametrize("noun", ["announcements", "windows"])
def test_a_stale_form_keeps_what_was_typed_and_says_what_is_stored(
    site: Site, person: Person, noun: str
):
    person.post(f"/panel/{noun}/new", **form(noun, **TYPED))
    path = path_of(noun, row_of(site, ROWS[noun]))
    person.post(path, **form(noun, **TYPED), version="1")
    mine = {"translations.fr.title": "Le mien"}
    page = text_of(person.post(path, **form(noun, **mine), version="1"), 412)
    assert value_of(page, "translations.fr.title") == "Le mien"
    assert "<dt>Also in</dt><dd>German</dd>" in page
    assert row_of(site, ROWS[noun]).translations == STORED


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("translations.de.title", "x" * 241, "Use 240 characters at most."),
        ("translations.ar.message", "x" * 5001, "Use 5000 characters at most."),
        ("translations.xx.title", "x", "Use 'de'"),
        ("translations.de.text", "x", "There is no such field."),
        ("translations.de", "x", "There is no such field."),
    ],
)
@pytest.mark.parametrize("noun", FORMS)
def test_what_is_wrong_is_said_and_all_is_kept(
    site: Site, person: Person, noun: str, name: str, typed: str, said: str
):
    given = TYPED | {"translations.ja.title": "題", name: typed}
    page = text_of(person.post(f"/panel/{noun}/new", **form(noun, **given)), 422)
    assert said in page
    assert value_of(page, "translations.ja.title") == "題"
    assert row_of(site, ROWS[noun]) is None
    if name in TYPED:
        # The fold with the error is open, and the field is tied to it.
        assert re.match(r'<details class="more" open', fold(page))
        assert f'id="{name}-error"' in page


def test_a_stale_or_refused_update_keeps_them(site: Site, person: Person):
    person.post("/panel/incidents/new", **form("incidents"))
    path = f"{path_of('incidents', row_of(site, Incident))}"
    words = {"translations.de.message": "Mein Text", "status": "monitoring", "message": "m"}
    page = text_of(person.post(f"{path}/updates", **words, version="9"), 412)
    assert value_of(page, "translations.de.message") == "Mein Text"
    wrong = words | {"message": ""}
    page = text_of(person.post(f"{path}/updates", **wrong, version="1"), 422)
    assert value_of(page, "translations.de.message") == "Mein Text"
    assert "translations.de.title" not in page
    assert person.post(f"{path}/updates", **words, version="1").status_code == 303
    assert row_of(site, IncidentUpdate).translations == {"de": {"message": "Mein Text"}}
    page = text_of(person.client.get(path))
    assert "Also in German</p>" in page


@pytest.mark.parametrize("noun", FORMS)
def test_a_preview_says_which_there_are(site: Site, person: Person, noun: str):
    more = {"translations.ar.title": "عنوان"}
    shown = text_of(person.post(f"/panel/{noun}/preview", **form(noun, **TYPED, **more)))
    assert "Also in German, Arabic (title only)</p>" in shown
    assert "Also in" not in text_of(person.post(f"/panel/{noun}/preview", **form(noun)))


def test_an_open_place_of_a_template_is_said_beside_its_field(site: Site, person: Person):
    place = {"translations.de.title": "{{impact}}"}
    page = text_of(person.post("/panel/announcements/new", **form("announcements", **place)), 422)
    assert "This still has a place to fill in: {{impact}}." in page
    assert 'id="translations.de.title-error"' in page
    shown = text_of(person.post("/panel/announcements/preview", **form("announcements", **place)))
    assert "place to fill in" in shown


def test_a_copy_of_a_window_has_them(site: Site, person: Person):
    person.post("/panel/windows/new", **form("windows", **TYPED))
    reference = row_of(site, Window).reference
    page = text_of(person.client.get(f"/panel/windows/new?from={reference}"))
    assert value_of(page, "translations.de.title") == "Auf Deutsch"
