"""Freezes in the panel: times that are kept free of maintenance."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal.accounts.roles import Role
from portal.status.freezes import Freeze
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.pages import recorded, text_of, value_of

FORM = {
    "freezeTitle": "The sale",
    "freezeStartsAt": "2030-06-10T00:00",
    "freezeEndsAt": "2030-06-12T00:00",
}


def stored(site: Site) -> list[Freeze]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Freeze)))


def test_a_time_is_kept_free_and_given_back(site: Site, person: Person):
    answer = person.post("/panel/freezes", **FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/panel/maintenance#freezes")
    (row,) = stored(site)
    assert (row.title, row.starts_at) == ("The sale", datetime(2030, 6, 10, tzinfo=UTC))
    assert row.ends_at == datetime(2030, 6, 12, tzinfo=UTC)
    assert "Remove the freeze The sale" in text_of(person.client.get("/panel/maintenance"))
    assert person.post(f"/panel/freezes/{row.id}/removal").status_code == 303
    assert stored(site) == []
    assert [one.type for one in recorded(site, "maintenance.freeze")] == [
        "maintenance.freeze.removed",
        "maintenance.freeze.added",
    ]
    assert {one.actor for one in recorded(site, "maintenance.freeze")} == {person.name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"freezeTitle": ""}, "Title must not be empty."),
        ({"freezeEndsAt": "2030-06-09T00:00"}, "The end must be after the start."),
        (
            {"freezeStartsAt": "2030-05-01T00:00", "freezeEndsAt": "2030-05-02T00:00"},
            "The end must be in the future.",
        ),
        ({"freezeStartsAt": "next week"}, "Enter a date and time"),
        ({"freezeStartsAt": ""}, "Starts at must not be empty."),
    ],
)
def test_a_form_that_is_not_right_keeps_its_text(
    site: Site, person: Person, change: dict[str, str], said: str
):
    sent = {**FORM, **change}
    page = text_of(person.post("/panel/freezes", **sent), 422)
    assert said in page
    assert "<details open>" in page
    for field, value in sent.items():
        assert value_of(page, field) == value, field
    assert stored(site) == []


def test_what_is_not_there_cannot_be_removed(site: Site, person: Person):
    text_of(person.post("/panel/freezes/7/removal"), 404)
    text_of(person.post("/panel/freezes/seven/removal"), 404)


def test_a_viewer_sees_them_and_removes_none(site: Site, person: Person):
    person.post("/panel/freezes", **FORM)
    (row,) = stored(site)
    viewer = site.signed_in(Role.VIEWER)
    page = text_of(viewer.client.get("/panel/maintenance"))
    assert "The sale" in page
    assert "Remove the freeze" not in page
    assert viewer.post(f"/panel/freezes/{row.id}/removal").status_code == 403
    assert viewer.post("/panel/freezes", **FORM).status_code == 403
    assert len(stored(site)) == 1


def test_one_that_is_over_is_listed_no_more(site: Site, person: Person, still: StandingClock):
    person.post(
        "/panel/freezes",
        **{**FORM, "freezeStartsAt": "2030-06-03T11:00", "freezeEndsAt": "2030-06-03T12:10"},
    )
    assert "The sale" in text_of(person.client.get("/panel/maintenance"))
    still.advance(minutes=10)
    assert "No freezes" in text_of(person.client.get("/panel/maintenance"))
