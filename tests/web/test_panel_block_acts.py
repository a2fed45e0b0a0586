"""Blocks in the panel: put off, raised and lifted by forms, by those who may."""

from datetime import timedelta

import pytest

from portal.accounts.roles import Role
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.blocks import FORM, stored
from tests.web.pages import recorded, text_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.SECURITY)


def test_a_block_is_put_off_raised_and_lifted(site: Site, person: Person, still: StandingClock):
    person.post("/panel/blocks", **{**FORM, "kind": "throttle"})
    (row,) = stored(site)
    path = f"/panel/blocks/{row.id}/act"
    extended = person.post(
        path, action="extend", duration="30m", version="1", **{"from": "perimeter"}
    )
    assert extended.headers["Location"] == "/panel/perimeter"
    assert stored(site)[0].until == NOW + timedelta(minutes=90)
    assert person.post(path, action="raise", duration="24h", version="2").status_code == 303
    assert stored(site)[0].until == NOW + timedelta(hours=24)
    lifted = person.post(path, action="remove", version="3")
    assert (lifted.status_code, lifted.headers["Location"]) == (303, "/panel")
    assert stored(site)[0].removed_at == still.now()
    assert "Removed" in text_of(person.client.get("/panel/perimeter"))
    kinds = [one.type.rpartition(".")[2] for one in recorded(site, "perimeter.block")]
    assert kinds == ["removed", "raised", "extended", "created"]
    assert {one.actor for one in recorded(site, "perimeter.block")} == {person.name}


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"action": "explode", "version": "1"}, 400),
        ({"version": "1"}, 400),
        ({"action": "extend", "version": "1"}, 422),
        ({"action": "extend", "duration": "soon", "version": "1"}, 422),
        ({"action": "raise", "duration": "90d", "version": "1"}, 422),
        ({"action": "extend", "duration": "30m", "version": "2"}, 412),
        ({"action": "remove", "version": "2"}, 412),
        ({"action": "remove", "version": "two"}, 400),
    ],
)
def test_an_act_that_does_not_fit_changes_nothing(
    site: Site, person: Person, form: dict[str, str], status: int
):
    person.post("/panel/blocks", **FORM)
    (row,) = stored(site)
    assert person.post(f"/panel/blocks/{row.id}/act", **form).status_code == status
    (kept,) = stored(site)
    assert (kept.version, kept.until, kept.removed_at) == (1, row.until, None)


def test_what_is_not_there_is_not_found(site: Site, person: Person):
    text_of(person.post("/panel/blocks/blk0000000000/act", action="remove"), 404)
    acts = {"action": "extend", "duration": "30m"}
    text_of(person.post("/panel/blocks/blk0000000000/act", **acts), 404)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_see_the_blocks_and_are_offered_no_act(site: Site, person: Person, role: Role):
    person.post("/panel/blocks", **FORM)
    (row,) = stored(site)
    other = site.signed_in(role)
    page = text_of(other.client.get("/panel/perimeter"))
    assert "203.0.113.7" in page
    assert "Add a block" not in page
    assert "Remove:" not in page
    assert other.post("/panel/blocks", **{**FORM, "value": "203.0.113.8"}).status_code == 403
    assert other.post(f"/panel/blocks/{row.id}/act", action="remove").status_code == 403
    assert [one.removed_at for one in stored(site)] == [None]


def test_what_has_run_out_is_told_from_what_is_in_force(
    site: Site, person: Person, still: StandingClock
):
    person.post("/panel/blocks", **{**FORM, "duration": "5m"})
    still.advance(minutes=6)
    person.post("/panel/blocks", **{**FORM, "value": "203.0.113.8"})
    page = text_of(person.client.get("/panel/perimeter"))
    assert page.index("203.0.113.8") < page.index("203.0.113.7")
    assert "Expired" in page
    assert "Unblock: 203.0.113.7" not in page
