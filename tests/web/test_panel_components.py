"""Components in the panel: added, changed, set by hand and removed by forms."""

from datetime import date
from typing import Any

import pytest

from portal.accounts.roles import Role
from portal.status import components
from portal.status.components import Component, ComponentIn, State
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.pages import hidden_of, recorded, text_of, value_of

FORM: dict[str, Any] = {
    "name": "The API",
    "slug": "api",
    "group": "Core",
    "position": "3",
    "description": "For developers",
    "alerts": "exporter-stale\nworker-error:jobs",
    "since": "2030-05-01",
    "isPublic": "on",
}


def stored(site: Site) -> list[Component]:
    with site.portal.core.open_session() as session:
        return components.listed(session)


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.OPERATOR)


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
        ({"slug": "Not a slug"}, "String should match pattern"),
        ({"position": "first"}, "Input should be a valid integer"),
        ({"position": "-1"}, "greater than or equal to 0"),
        ({"alerts": "x" * 201}, "String should have at most 200 characters"),
        ({"since": "long ago"}, "Input should be a valid date"),
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


def test_a_state_by_hand_is_public_until_it_is_taken_back(site: Site, person: Person):
    person.post("/panel/components", **FORM)
    path = "/panel/components/api/state"
    assert person.post(path, state="partial_outage", version="1").status_code == 303
    assert "Partial outage" in text_of(site.client().get("/"))
    assert person.post(path, state="", version="1").status_code == 412
    assert person.post(path, state="", version="2").status_code == 303
    with site.portal.core.open_session() as session:
        (span,) = components.spans(session, since=NOW.replace(hour=0))
    assert (span.state, span.began_at, span.ended_at) == (State.PARTIAL, NOW, NOW)
    assert [
        (one.detail["before"], one.detail["after"])
        for one in recorded(site, "component.state.changed")
    ] == [("partial_outage", None), (None, "partial_outage")]


def test_a_state_that_is_none_changes_nothing(site: Site, person: Person):
    person.post("/panel/components", **FORM)
    text_of(person.post("/panel/components/api/state", state="on_fire", version="1"), 422)
    assert stored(site)[0].version == 1


def test_one_that_is_not_public_is_on_no_page(site: Site, person: Person):
    form = {name: value for name, value in FORM.items() if name != "isPublic"}
    person.post("/panel/components", **form)
    assert "The API" not in text_of(site.client().get("/"))
    page = text_of(person.client.get("/panel/components"))
    assert "not public" in page
    assert 'name="isPublic" value="on">' in text_of(person.client.get("/panel/components/api"))


def test_removing_wants_to_be_sure_and_the_version(site: Site, person: Person):
    person.post("/panel/components", **FORM)
    path = "/panel/components/api/removal"
    assert "its history will be deleted too" in text_of(person.post(path, version="1"), 422)
    assert person.post(path, version="9", sure="on").status_code == 412
    assert len(stored(site)) == 1
    assert person.post(path, version="1", sure="on").status_code == 303
    assert stored(site) == []
    (event,) = recorded(site, "component.removed")
    assert event.detail == {"component": "api", "name": "The API"}


def test_what_is_not_there_is_not_found(site: Site, person: Person):
    text_of(person.client.get("/panel/components/none"), 404)
    text_of(person.post("/panel/components/none", **FORM), 404)
    text_of(person.post("/panel/components/none/state", state="major_outage"), 404)
    text_of(person.post("/panel/components/none/removal", sure="on"), 404)


def test_a_viewer_sees_them_and_changes_none(site: Site, person: Person):
    person.post("/panel/components", **FORM)
    viewer = site.signed_in(Role.VIEWER)
    page = text_of(viewer.client.get("/panel/components"))
    assert "The API" in page
    assert "Add a component" not in page
    assert viewer.post("/panel/components", **{**FORM, "slug": "other"}).status_code == 403
    assert viewer.post("/panel/components/api/state", state="major_outage").status_code == 403
    assert viewer.post("/panel/components/api/removal", sure="on").status_code == 403
    assert [row.version for row in stored(site)] == [1]


def test_a_short_name_is_made_from_the_name(site: Site, person: Person):
    for name in ("E-Mail & Kalender", "E-Mail Kalender", "日本"):
        person.post("/panel/components", **{**FORM, "name": name, "slug": ""})
    assert {row.slug for row in stored(site)} == {
        "e-mail-kalender",
        "e-mail-kalender-2",
        "component",
    }


def test_many_components_are_on_pages_and_found_by_their_words(site: Site, person: Person):
    for number in range(60):
        site.portal.status.components.add(
            By("a"),
            ComponentIn(slug=f"c{number}", name=f"Part {number}", group="Core", position=number),
        )
    page = text_of(person.client.get("/panel/components"))
    assert page.count('<tr id="component-') == 50
    assert "1 to 50 of 60" in page
    page = text_of(person.client.get("/panel/components?offset=50"))
    assert page.count('<tr id="component-') == 10
    page = text_of(person.client.get("/panel/components?q=part 59"))
    assert page.count('<tr id="component-') == 1
    assert "No components match." in text_of(person.client.get("/panel/components?q=nothing"))
