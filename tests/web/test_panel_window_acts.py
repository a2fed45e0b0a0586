"""Windows in the panel: begun, put off, ended and called off."""

import re
from datetime import timedelta

import pytest

from portal.accounts.roles import Role
from portal.status.components import ComponentIn
from portal.status.windows import WindowStatus
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, recorded, text_of
from tests.web.windows import FORM, running, stored


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    site.portal.status.components.add(By("a"), ComponentIn(slug="search", name="Search"))
    return site.signed_in(Role.OPERATOR)


def test_maintenance_now_is_one_click_and_one_window(site: Site, person: Person):
    for _ in range(2):
        answer = person.post("/panel/windows/now", duration="30m", key=KEY)
        assert answer.headers["Location"] == "/panel"
    (row,) = stored(site)
    assert (row.title, row.starts_at) == ("Maintenance", NOW)
    assert row.ends_at == NOW + timedelta(minutes=30)
    assert "Under maintenance" in text_of(site.client().get("/"))


def test_htmx_gets_the_card_and_a_form_its_page(site: Site, person: Person):
    answer = person.client.post(
        "/panel/windows/now",
        data={"csrf_token": person.csrf(), "duration": "30m", "key": KEY, "title": "Disk swap"},
        headers={"HX-Request": "true"},
    )
    card = text_of(answer)
    assert "<html" not in card
    assert "Disk swap" in card
    (row,) = stored(site)
    answer = person.post(
        f"/panel/windows/{row.reference}/act", action="end", version="1", **{"from": "maintenance"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/panel/maintenance")
    assert stored(site)[0].status_at(NOW) is WindowStatus.ENDED


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"duration": "soon", "key": KEY}, 422),
        ({"duration": "", "key": KEY}, 422),
        ({"duration": "30m", "key": KEY, "title": "x" * 241}, 422),
        ({"duration": "30m"}, 400),
    ],
)
def test_maintenance_now_that_cannot_be_begins_nothing(
    site: Site, person: Person, form: dict[str, str], status: int
):
    assert person.post("/panel/windows/now", **form).status_code == status
    assert stored(site) == []


def test_a_window_is_begun_put_off_and_ended(site: Site, person: Person, still: StandingClock):
    person.post("/panel/windows/new", **FORM)
    (row,) = stored(site)
    path = f"/panel/windows/{row.reference}/act"
    assert person.post(path, action="start", version="1").status_code == 303
    still.advance(minutes=25)
    assert person.post(path, action="extend", duration="15m", version="2").status_code == 303
    still.advance(minutes=25)
    text_of(person.client.get("/panel/maintenance"))
    still.advance(minutes=12)
    (row,) = stored(site)
    assert row.status_at(still.now()) is WindowStatus.ACTIVE
    assert row.first_ends_at == NOW + timedelta(hours=1)
    assert "first end:" in text_of(person.client.get("/panel/maintenance"))
    assert person.post(path, action="end", version="3").status_code == 303
    (row,) = stored(site)
    assert row.ended_at == still.now()
    assert [one.type.rpartition(".")[2] for one in recorded(site, "maintenance.window")] == [
        "ended",
        "extended",
        "started",
        "created",
    ]


def test_the_card_warns_before_the_end_and_offers_to_go_on_after_it(
    site: Site, person: Person, still: StandingClock
):
    row = running(site, minutes=20)
    card = "/panel/cards/maintenance"

    def shown() -> str:
        site.portal.board.refresh()
        return text_of(person.client.get(card))

    extend = 'aria-label="Extend Failover by 15 minutes"'
    still.advance(minutes=9)
    assert "pill-info" in (page := shown())
    assert "pill-warn" not in page
    assert extend in page
    still.advance(minutes=3)
    page = shown()
    assert re.search(r'class="pill pill-warn">.*?Ends in 8 min</span>', page, re.S), page
    assert re.search(r'<b class="ink-warn"><svg .*?ends in <time', page, re.S), page
    assert extend in page
    viewer = site.signed_in(Role.VIEWER)
    assert extend not in text_of(viewer.client.get(card))
    still.advance(minutes=12)
    page = shown()
    assert re.search(r"ended <time [^>]*>4 min ago</time>", page), page
    assert "Extend by 15 min" in page
    assert "Extend by 15 min" in text_of(person.client.get("/panel/maintenance"))
    still.advance(minutes=12)
    assert "Extend by 15 min" not in shown()
    assert "Extend by 15 min" not in text_of(person.client.get("/panel/maintenance"))
    form = {"action": "extend", "duration": "15m", "version": "1"}
    refused = person.post(f"/panel/windows/{row.reference}/act", **form)
    assert "This one ended at 12:20 UTC" in text_of(refused, 422)
    still.advance(minutes=-8)
    person = site.signed_in(Role.OPERATOR)  # the clock went back before the other's last look
    assert person.post(f"/panel/windows/{row.reference}/act", **form).status_code == 303
    (row,) = stored(site)
    assert row.status_at(still.now()) is WindowStatus.ACTIVE
    assert row.ends_at == still.now() + timedelta(minutes=15)


def test_the_api_extends_a_window_that_has_just_run_out(site: Site, still: StandingClock):
    row = running(site)
    path = f"/api/admin/runtime/maintenance/windows/{row.reference}"
    asked, headers = {"action": "extend", "duration": "15m"}, site.bearer()
    still.advance(minutes=75)
    told = site.client().patch(path, json=asked, headers=headers).get_json()
    assert (told["status"], told["endsAt"]) == ("active", "2030-06-03T13:30:00Z")
    assert told["firstEndsAt"] == "2030-06-03T13:00:00Z"
    still.advance(minutes=31)
    refused = site.client().patch(path, json=asked, headers=headers)
    assert refused.status_code == 422
    assert "more than 15 minutes after their end" in refused.get_json()["detail"]


def test_a_planned_window_is_called_off_and_stays_on_record(site: Site, person: Person):
    person.post("/panel/windows/new", **FORM)
    (row,) = stored(site)
    path = f"/panel/windows/{row.reference}/act"
    assert person.post(path, action="cancel", version="1").status_code == 303
    assert stored(site)[0].cancelled_at == NOW
    page = text_of(person.client.get("/panel/maintenance"))
    assert 'aria-label="Cancel: Failover"' not in page
    assert f'id="window-{row.reference}"' in page
