"""Windows in the panel: proposed by one, approved by another, and previewed."""

import pytest
from sqlalchemy import select

from portal.accounts.roles import Role
from portal.status.components import ComponentIn
from portal.status.series import WindowSeries
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.people import Person
from tests.sites import Site
from tests.web.pages import recorded, text_of
from tests.web.windows import FORM, stored


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    site.portal.status.components.add(By("a"), ComponentIn(slug="search", name="Search"))
    return site.signed_in(Role.OPERATOR)


def test_one_proposes_and_another_approves(build: Build, still: StandingClock):
    site = build(require_approval=True)
    author, other = site.signed_in(Role.OPERATOR), site.signed_in(Role.OPERATOR)
    assert author.post("/panel/windows/new", **FORM).status_code == 303
    (row,) = stored(site)
    assert row.awaits_approval
    assert "Failover" not in text_of(site.client().get("/"))
    assert "Waiting for approval by someone else" in text_of(
        author.client.get("/panel/maintenance")
    )
    path = f"/panel/windows/{row.reference}"
    assert "Approve" not in text_of(author.client.get(path))
    assert author.post(f"{path}/act", action="approve", version="1").status_code == 422
    assert f"Proposed by {author.name}" in text_of(other.client.get(path))
    assert other.post(f"{path}/act", action="approve", version="1").status_code == 303
    (row,) = stored(site)
    assert (row.awaits_approval, row.approved_by) == (False, other.name)
    assert "Failover" in text_of(site.client().get("/"))


def test_a_proposed_series_has_no_window_until_another_approves(build: Build, still: StandingClock):
    site = build(require_approval=True)
    author, other = site.signed_in(Role.OPERATOR), site.signed_in(Role.OPERATOR)
    form = {**FORM, "recurrence": "FREQ=WEEKLY"}
    assert author.post("/panel/windows/new", **form).status_code == 303
    assert stored(site) == []
    with site.portal.core.open_session() as session:
        reference = session.scalar(select(WindowSeries.reference))
    assert "proposed by" in text_of(other.client.get("/panel/maintenance"))
    path = f"/panel/series/{reference}/approval"
    assert author.post(path, version="1").status_code == 422
    assert other.post(path, version="9").status_code == 412
    assert stored(site) == []
    assert other.post(path, version="1").status_code == 303
    assert len(stored(site)) == 9
    (event,) = recorded(site, "maintenance.series.approved")
    assert (event.actor, event.detail["author"]) == (other.name, author.name)
    assert other.post(path, version="2").status_code == 422


def test_a_preview_shows_the_banner_the_freezes_and_who_is_told(site: Site, person: Person):
    person.post(
        "/panel/freezes",
        freezeTitle="The sale",
        freezeStartsAt="2030-06-03T20:00",
        freezeEndsAt="2030-06-05T20:00",
    )
    text = text_of(person.post("/panel/windows/preview", **FORM))
    assert "<strong>without writes</strong>" in text
    assert "During a freeze: The sale." in text
    assert "0 subscribers will be notified." in text
    assert stored(site) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "Title must not be empty."),
        ({"endsAt": "2030-06-04T01:00"}, "The end must be after the start."),
        ({"recurrence": "FREQ=HOURLY"}, "FREQ cannot be HOURLY"),
        ({"recurrence": "FREQ=DAILY;UNTIL=20300603"}, "no occurrence in the next five years"),
    ],
)
def test_a_preview_says_what_is_missing(
    site: Site, person: Person, change: dict[str, str], said: str
):
    text = text_of(person.post("/panel/windows/preview", **{**FORM, **change}))
    assert said in text
    assert "told." not in text
