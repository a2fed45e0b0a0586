"""Components in the panel: set by hand, removed, found, and seen by a viewer."""

from portal.accounts.roles import Role
from portal.status import components
from portal.status.components import ComponentIn, State
from portal.unit_of_work import By
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.components import FORM, stored
from tests.web.pages import recorded, text_of


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
