"""Forms of a window that is not what it was: both are shown, and nothing is lost."""

import pytest

from portal.accounts.roles import Role
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.pages import hidden_of, text_of, value_of
from tests.web.windows import FORM, running, stored


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    site.portal.status.components.add(By("a"), ComponentIn(slug="search", name="Search"))
    return site.signed_in(Role.OPERATOR)


def test_a_stale_form_shows_both_and_changes_nothing(site: Site, person: Person):
    person.post("/panel/windows/new", **FORM)
    (row,) = stored(site)
    path = f"/panel/windows/{row.reference}"
    person.post(path, **{**FORM, "title": "Theirs"}, version="1")
    page = text_of(person.post(path, **{**FORM, "title": "Mine"}, version="1"), 412)
    assert value_of(page, "title") == "Mine"
    assert "Theirs" in page
    # Sent again it is mine, knowingly.
    assert hidden_of(page, "version") == "2"
    (kept,) = stored(site)
    assert (kept.title, kept.version) == ("Theirs", 2)
    assert person.post(path, **{**FORM, "title": "Mine"}, version="2").status_code == 303
    assert stored(site)[0].title == "Mine"


def test_a_form_of_a_window_that_is_over_keeps_its_text(
    site: Site, person: Person, still: StandingClock
):
    row = running(site, minutes=10)
    still.advance(minutes=11)
    sent = {**FORM, "startsAt": "2030-06-03T12:00", "endsAt": "2030-06-03T15:00", "zone": "UTC"}
    page = text_of(person.post(f"/panel/windows/{row.reference}", **sent, version="1"), 422)
    assert "Ended windows cannot be edited. Create a new one." in page
    assert value_of(page, "message") == FORM["message"]
    wrong = {**sent, "title": ""}
    page = text_of(person.post(f"/panel/windows/{row.reference}", **wrong, version="1"), 422)
    assert value_of(page, "endsAt") == "2030-06-03T15:00"
    assert stored(site)[0].version == 1


def test_a_version_that_is_no_number_is_refused(site: Site, person: Person):
    row = running(site)
    answer = person.post(f"/panel/windows/{row.reference}/act", action="end", version="one")
    text_of(answer, 400)
    assert stored(site)[0].ended_at is None


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"action": "explode", "version": "1"}, 422),
        ({"action": "start", "version": "1"}, 422),
        ({"action": "extend", "version": "1"}, 422),
        ({"action": "end", "duration": "5m", "version": "1"}, 422),
        ({"action": "end", "version": "7"}, 412),
    ],
)
def test_an_act_that_does_not_fit_changes_nothing(
    site: Site, person: Person, form: dict[str, str], status: int
):
    row = running(site)
    assert person.post(f"/panel/windows/{row.reference}/act", **form).status_code == status
    (kept,) = stored(site)
    assert (kept.version, kept.ended_at, kept.ends_at) == (1, None, row.ends_at)


def test_what_is_not_there_is_not_found(site: Site, person: Person):
    for path in ("/panel/windows/m-nothing", "/panel/windows/99"):
        text_of(person.client.get(path), 404)
        text_of(person.post(path, **FORM), 404)
    text_of(person.post("/panel/windows/m-nothing/act", action="end"), 404)
    text_of(person.post("/panel/series/s-nothing/cancel"), 404)
    text_of(person.post("/panel/series/s-nothing/approval"), 404)
