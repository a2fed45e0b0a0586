"""What goes with a window: preparation, effects, freezes, a second pair of eyes."""

from datetime import timedelta
from typing import Any

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.status.components import ComponentIn
from portal.status.notices import Notice
from portal.status.windows import WindowAct, WindowIn
from portal.store.lease import Fence
from portal.unit_of_work import By
from portal.worker.delivery import put_due
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site

BASE = "/api/admin/runtime/maintenance"


def window_json(**values: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "title": "Migration",
        "startsAt": clock.iso(now + timedelta(hours=30)),
        "endsAt": clock.iso(now + timedelta(hours=31)),
        **values,
    }


def events(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        return [one.event for one in session.query(Notice).order_by(Notice.id)]


def told(site: Site) -> str:
    """Everything that the public can read."""
    client = site.client()
    paths = (
        "/",
        "/api/status",
        "/api/runtime/maintenance?windowMinutes=1440",
        "/feed.atom",
        "/calendar.ics",
        "/history",
        "/api/v2/summary.json",
    )
    return "".join(client.get(path).text for path in paths)


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


@pytest.fixture
def careful(build: Build, still: StandingClock) -> Site:
    return build(require_approval=True)


def test_what_is_planned_waits_for_approval(careful: Site, still: StandingClock):
    first, second = careful.signed_in(Role.OPERATOR), careful.signed_in(Role.OPERATOR)
    client = careful.client()
    headers = careful.bearer(Scope.MAINTENANCE_READ)
    start = clock.now() + timedelta(hours=30)
    form = {
        "title": "Quiet plan",
        "zone": "UTC",
        "startsAt": f"{start:%Y-%m-%dT%H:%M}",
        "endsAt": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "audiences": "public",
        "channels": "email",
        "key": "k" * 10,
    }
    assert first.post("/panel/windows/new", **form).status_code == 303
    (window,) = client.get(f"{BASE}/windows", headers=headers).get_json()["items"]
    ref = window["reference"]
    assert window["status"] == "proposed"
    assert client.get(f"/maintenance/{ref}").status_code == 404
    put_due(careful.portal, Fence())
    assert "Quiet plan" not in told(careful)
    assert events(careful) == []
    own = first.post(f"/panel/windows/{ref}/act", action="approve", version=window["version"])
    assert own.status_code == 422
    early = second.post(f"/panel/windows/{ref}/act", action="start", version=window["version"])
    assert early.status_code == 422
    assert "Approve" in second.client.get("/panel/maintenance").text
    done = second.post(f"/panel/windows/{ref}/act", action="approve", version=window["version"])
    assert done.status_code == 303
    assert events(careful) == ["scheduled"]
    assert "Quiet plan" in told(careful)
    shown = client.get(f"{BASE}/windows/{ref}", headers=headers).get_json()
    assert (shown["createdBy"], shown["approvedBy"]) == (first.name, second.name)


def test_who_wrote_it_last_does_not_approve_it(careful: Site, still: StandingClock):
    status = careful.portal.status

    row = status.windows.schedule(By("ada"), WindowIn.model_validate(window_json()))
    changed = WindowIn.model_validate(window_json(title="Bigger migration"))
    status.windows.edit(By("eve"), row.reference, changed)
    act = WindowAct(action="approve")
    with pytest.raises(ValueError, match="Someone else"):
        status.windows.act(By("eve"), row.reference, act)
    status.windows.act(By("ada"), row.reference, act)
    assert events(careful) == ["scheduled"]


def test_what_nobody_approved_never_begins(careful: Site, still: StandingClock):

    careful.portal.status.windows.schedule(
        By("ada"), WindowIn.model_validate(window_json(title="Quiet plan"))
    )
    still.advance(hours=30, minutes=10)
    put_due(careful.portal, Fence())
    careful.portal.board.refresh()
    assert "Quiet plan" not in told(careful)
    assert events(careful) == []


def test_what_begins_at_once_does_not_wait(careful: Site, still: StandingClock):
    person = careful.signed_in(Role.OPERATOR)
    assert person.post("/panel/windows/now", duration="30m", key="k" * 10).status_code == 303
    assert events(careful) == ["started"]
    assert careful.client().get("/api/status").get_json()["indicator"] == "maintenance"


def test_a_series_waits_as_a_whole(careful: Site, still: StandingClock):
    client = careful.client()
    ada = careful.bearer(Scope.MAINTENANCE_WRITE, Scope.MAINTENANCE_READ)
    eve = careful.bearer(Scope.MAINTENANCE_WRITE)
    body = window_json(recurrence="FREQ=WEEKLY;COUNT=3")
    made = client.post(f"{BASE}/series", json=body, headers=ada).get_json()
    assert made["awaitsApproval"] is True
    assert client.get(f"{BASE}/windows", headers=ada).get_json()["total"] == 0
    path = f"{BASE}/series/{made['reference']}/approval"
    assert client.post(path, headers=ada).status_code == 422
    assert client.post(path, headers=eve).status_code == 200
    assert client.post(path, headers=eve).status_code == 422
    assert client.get(f"{BASE}/windows", headers=ada).get_json()["total"] == 3
    assert events(careful) == ["scheduled"]
