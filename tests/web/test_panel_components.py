"""Components in the panel: added and changed by forms."""

from datetime import date

import pytest

from tests.people import Person
from tests.sites import Site
from tests.web.components import FORM, stored
from tests.web.pages import hidden_of, recorded, text_of, value_of


def test_a_form_adds_a_component_with_all_it_says(site: Site, person: Person):
    assert person.post("/panel/components", **FORM).status_code == 303
    (row,) = stored(site)
    assert (row.slug, row.name, row.group_name, row.position) == ("api", "The API", "Core", 3)
    assert row.alerts == ["exporter-stale", "worker-error:jobs"]
    assert (row.since, row.is_public) == (date(2030, 5, 1), True)
    page = text_of(person.client.get("/panel/components/api"))
    for field in ("name", "group", "position", "description", "alerts", "since"):
        assert value_of(page, field) == FORM[field], field
    assert "The API" in text_of(site.client().get("/"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "This field must not be empty."),
        ({"slug": "Not a slug"}, "Use lowercase letters, digits and hyphens"),
        ({"position": "first"}, "Write a whole number."),
        ({"position": "-1"}, "Use 0 or more."),
        ({"alerts": "x" * 201}, "Use 200 characters at most."),
        ({"since": "long ago"}, "Write a date such as 2030-06-03."),
        ({"since": "2031-01-01"}, "The first day cannot be in the future."),
    ],
)
def test_a_form_that_is_not_right_keeps_its_text(
    site: Site, person: Person, change: dict[str, str], said: str
):
    sent = {**FORM, **change}
    page = text_of(person.post("/panel/components", **sent), 422)
    assert "Nothing was saved" in page
    assert said in page
    for field in ("name", "slug", "group", "description", "alerts"):
        assert value_of(page, field) == sent[field], field
    assert stored(site) == []
    assert recorded(site, "component") == []


def test_a_short_name_is_given_once(site: Site, person: Person):
    person.post("/panel/components", **FORM)
    page = text_of(person.post("/panel/components", **{**FORM, "name": "Another"}), 422)
    assert value_of(page, "name") == "Another"
    assert [row.name for row in stored(site)] == ["The API"]


def test_a_change_that_is_not_right_keeps_its_text_and_its_version(site: Site, person: Person):
    person.post("/panel/components", **FORM)
    for change, said in (
        ({"name": ""}, "This field must not be empty."),
        ({"since": "2031-01-01"}, "The first day cannot be in the future."),
    ):
        sent = {**FORM, "description": "Other words", **change}
        page = text_of(person.post("/panel/components/api", **sent, version="1"), 422)
        assert said in page
        assert value_of(page, "description") == "Other words"
        assert hidden_of(page, "version") == "1"
    assert stored(site)[0].version == 1


def test_a_stale_form_keeps_its_text_and_changes_nothing(site: Site, person: Person):
    person.post("/panel/components", **FORM)
    person.post("/panel/components/api", **{**FORM, "name": "Theirs"}, version="1")
    sent = {**FORM, "name": "Mine"}
    page = text_of(person.post("/panel/components/api", **sent, version="1"), 412)
    assert "Someone else changed this in the meantime" in page
    assert value_of(page, "name") == "Mine"
    assert hidden_of(page, "version") == "2"
    assert stored(site)[0].name == "Theirs"
    assert person.post("/panel/components/api", **sent, version="2").status_code == 303
    assert stored(site)[0].name == "Mine"
    assert [one.detail["fields"] for one in recorded(site, "component.changed")] == [
        ["name"],
        ["name"],
    ]


def test_one_that_is_not_public_is_on_no_page(site: Site, person: Person):
    form = {name: value for name, value in FORM.items() if name != "isPublic"}
    person.post("/panel/components", **form)
    assert "The API" not in text_of(site.client().get("/"))
    page = text_of(person.client.get("/panel/components"))
    assert "not public" in page
    assert 'name="isPublic" value="on">' in text_of(person.client.get("/panel/components/api"))


def test_a_short_name_is_made_from_the_name(site: Site, person: Person):
    for name in ("E-Mail & Kalender", "E-Mail Kalender", "日本"):
        person.post("/panel/components", **{**FORM, "name": name, "slug": ""})
    assert {row.slug for row in stored(site)} == {
        "e-mail-kalender",
        "e-mail-kalender-2",
        "component",
    }
