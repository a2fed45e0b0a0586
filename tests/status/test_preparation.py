"""What goes with a window: who prepares it, its effects, and freezes."""

from datetime import timedelta

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.status.preparation import BASE, told, window_json


def test_impact_is_for_everyone_and_the_rest_stays_inside(site: Site, still: StandingClock):
    headers = site.bearer(Scope.MAINTENANCE_WRITE, Scope.MAINTENANCE_READ)
    body = window_json(
        owner="Inner Circle", impact="Two minutes without writes.", rollbackPlan="Undo it"
    )
    made = site.client().post(f"{BASE}/windows", json=body, headers=headers).get_json()
    assert (made["owner"], made["rollbackPlan"]) == ("Inner Circle", "Undo it")
    page = site.client().get(f"/maintenance/{made['reference']}").text
    assert "Two minutes without writes." in page
    for text in (page, told(site)):
        assert "Inner Circle" not in text
        assert "Undo it" not in text


def test_effects_show_what_is_left_and_are_no_downtime(either: Site, still: StandingClock):
    site = either
    for slug in ("api", "web"):
        site.portal.status.components.add(
            By("test"), ComponentIn(slug=slug, name=slug, since=clock.now().date())
        )
    headers = site.bearer(Scope.MAINTENANCE_WRITE)
    body = {
        "title": "Now",
        "endsAt": clock.iso(clock.now() + timedelta(hours=1)),
        "components": ["api", "web"],
        "effects": {"api": "partial_outage"},
    }
    answer = site.client().post(f"{BASE}/windows", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    still.advance(minutes=30)
    site.portal.board.refresh()
    parts = {one["slug"]: one for one in site.client().get("/api/status").get_json()["components"]}
    assert parts["api"]["state"] == "partial_outage"
    assert parts["web"]["state"] == "under_maintenance"
    views = site.portal.board.current().picture.components
    assert [one.uptime for one in views] == [1.0, 1.0]
    for effects in ({"search": "major_outage"}, {"api": "operational"}, {"api": "gone"}):
        refused = site.client().post(
            f"{BASE}/windows", json=body | {"effects": effects}, headers=headers
        )
        assert refused.status_code == 422, effects


def test_a_window_in_a_freeze_is_warned_of(site: Site, still: StandingClock):
    client = site.client()
    headers = site.bearer(Scope.MAINTENANCE_WRITE, Scope.MAINTENANCE_READ)
    now = clock.now()
    freeze = {
        "title": "The big sale",
        "startsAt": clock.iso(now + timedelta(hours=24)),
        "endsAt": clock.iso(now + timedelta(hours=48)),
    }
    made = client.post(f"{BASE}/freezes", json=freeze, headers=headers)
    assert made.status_code == 201
    assert client.post(f"{BASE}/windows", json=window_json(), headers=headers).get_json()[
        "freezes"
    ] == ["The big sale"]
    before = {
        "startsAt": clock.iso(now + timedelta(hours=23)),
        "endsAt": clock.iso(now + timedelta(hours=24)),
    }
    touching = client.post(
        f"{BASE}/windows", json=window_json(**before), headers=headers
    ).get_json()
    assert touching["freezes"] == []
    assert "The big sale" not in told(site)
    person = site.signed_in(Role.OPERATOR)
    assert "during a freeze: The big sale" in person.client.get("/panel/maintenance").text
    start, end = now + timedelta(hours=25), now + timedelta(hours=26)
    form = {
        "title": "Another",
        "zone": "UTC",
        "startsAt": f"{start:%Y-%m-%dT%H:%M}",
        "endsAt": f"{end:%Y-%m-%dT%H:%M}",
        "audiences": "public",
        "channels": "email",
    }
    shown = person.post("/panel/windows/preview", **form).text
    assert "During a freeze: The big sale." in shown
    assert "0 subscribers will be notified." in shown
    path = f"{BASE}/freezes/{made.get_json()['id']}"
    assert client.delete(path, headers=headers).status_code == 204
    assert client.delete(path, headers=headers).status_code == 404
    refused = client.post(
        f"{BASE}/freezes", json=freeze | {"endsAt": freeze["startsAt"]}, headers=headers
    )
    assert refused.status_code == 422
    shown = person.post(
        "/panel/freezes",
        freezeTitle="x",
        freezeStartsAt="2030-07-01T10:00",
        freezeEndsAt="2030-06-30T10:00",
    )
    assert shown.status_code == 422
    assert "The end must be after the start." in shown.text
