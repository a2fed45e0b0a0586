"""A second pair of eyes: what waits for approval, and for whose."""

from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.status.notices import Notice
from portal.status.windows import WindowAct, WindowIn
from portal.store.lease import Fence
from portal.unit_of_work import By
from portal.worker.delivery import put_due
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site
from tests.status.preparation import BASE, told, window_json


def events(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        return [one.event for one in session.query(Notice).order_by(Notice.id)]


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
