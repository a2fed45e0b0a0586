"""What every write of the admin API keeps: versions, keys, the current state, and who may."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from portal.accounts.roles import Scope
from portal.audit import search
from portal.audit.search import Event
from portal.status.components import ComponentIn
from portal.status.incidents import Category, ImpactLevel, IncidentIn, Progress, UpdateIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site

RUNTIME = "/api/admin/runtime"
MAINTENANCE = f"{RUNTIME}/maintenance"
END = "2030-06-03T18:00:00Z"
INCIDENT = {"title": "Slow", "impact": "minor", "startedAt": "2030-06-03T11:00:00Z"}
RETROSPECTIVE = {"rootCauseCategory": "deploy", "rootCause": "A full disk."}


def announcement(site: Site) -> str:
    return made(site, MAINTENANCE, {"title": "Terms", "slug": "terms"})["slug"]


def window(site: Site) -> str:
    return made(site, f"{MAINTENANCE}/windows", {"title": "Failover", "endsAt": END})["reference"]


def block(site: Site) -> str:
    body = {"scope": "ip", "value": "203.0.113.7", "duration": "1h", "reason": "Scans"}
    return made(site, f"{MAINTENANCE}/perimeter/blocks", body)["id"]


def incident(site: Site) -> str:
    given = IncidentIn(title="Slow", impact=ImpactLevel.MINOR, message="We look.")
    return site.portal.status.incidents.open(By("a"), given).reference


def resolved(site: Site) -> str:
    given = UpdateIn(status=Progress.RESOLVED, message="Over.", root_cause_category=Category.OTHER)
    return site.portal.status.incidents.update(By("a"), incident(site), given).reference


def component(site: Site) -> str:
    return site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API")).slug


def series(site: Site) -> str:
    body = {
        "title": "Backups",
        "startsAt": "2030-06-04T02:00:00Z",
        "endsAt": "2030-06-04T03:00:00Z",
        "recurrence": "FREQ=WEEKLY",
    }
    return made(site, f"{MAINTENANCE}/series", body)["reference"]


def made(site: Site, path: str, body: dict[str, Any]) -> Any:
    answer = site.client().post(path, json=body, headers=site.bearer())
    assert answer.status_code == 201, answer.text
    return answer.json


@dataclass(frozen=True)
class Write:
    """A write of a thing that is there; `path` has its name at `*`."""

    method: str
    path: str
    body: dict[str, Any] | None
    thing: Callable[[Site], str]
    scope: Scope
    status: int = 200

    def send(self, site: Site, name: str, **headers: str) -> Any:
        path = self.path.replace("*", name)
        told = {**site.bearer(self.scope), **headers}
        return site.client().open(path, method=self.method, json=self.body, headers=told)


WRITES = {
    "announcement": Write(
        "PUT", f"{MAINTENANCE}/*", {"title": "New"}, announcement, Scope.MAINTENANCE_WRITE
    ),
    "announcement's status": Write(
        "PATCH",
        f"{MAINTENANCE}/*/status",
        {"status": "active"},
        announcement,
        Scope.MAINTENANCE_WRITE,
    ),
    "window": Write(
        "PUT",
        f"{MAINTENANCE}/windows/*",
        {"title": "New", "endsAt": END},
        window,
        Scope.MAINTENANCE_WRITE,
    ),
    "window's act": Write(
        "PATCH",
        f"{MAINTENANCE}/windows/*",
        {"action": "extend", "duration": "15m"},
        window,
        Scope.MAINTENANCE_WRITE,
    ),
    "series": Write("DELETE", f"{MAINTENANCE}/series/*", None, series, Scope.MAINTENANCE_WRITE),
    "block's act": Write(
        "PATCH",
        f"{MAINTENANCE}/perimeter/blocks/*",
        {"action": "extend", "duration": "15m"},
        block,
        Scope.PERIMETER_WRITE,
    ),
    "block": Write(
        "DELETE", f"{MAINTENANCE}/perimeter/blocks/*", None, block, Scope.PERIMETER_WRITE
    ),
    "incident": Write("PUT", f"{RUNTIME}/incidents/*", INCIDENT, incident, Scope.INCIDENTS_WRITE),
    "incident's update": Write(
        "POST",
        f"{RUNTIME}/incidents/*/updates",
        {"status": "identified", "message": "The disk."},
        incident,
        Scope.INCIDENTS_WRITE,
        201,
    ),
    "incident's acknowledgement": Write(
        "POST", f"{RUNTIME}/incidents/*/acknowledgement", None, incident, Scope.INCIDENTS_WRITE
    ),
    "component": Write(
        "PUT",
        f"{RUNTIME}/components/*",
        {"slug": "api", "name": "Ours"},
        component,
        Scope.INCIDENTS_WRITE,
    ),
    "component's state": Write(
        "PATCH",
        f"{RUNTIME}/components/*/state",
        {"state": "major_outage"},
        component,
        Scope.INCIDENTS_WRITE,
    ),
}
# Without a version of their own to hold against.
UNVERSIONED = {
    "incident's note": Write(
        "POST",
        f"{RUNTIME}/incidents/*/notes",
        {"message": "The disk."},
        incident,
        Scope.INCIDENTS_WRITE,
        201,
    ),
    "incident's retrospective": Write(
        "PUT",
        f"{RUNTIME}/incidents/*/retrospective",
        RETROSPECTIVE,
        resolved,
        Scope.INCIDENTS_WRITE,
    ),
}
ALL = WRITES | UNVERSIONED


@pytest.mark.parametrize("name", WRITES)
def test_a_stale_version_changes_nothing_and_gets_the_current_state(
    site: Site, still: StandingClock, name: str
):
    write = WRITES[name]
    thing = write.thing(site)
    before = [one.seq for one in events(site)]
    stale = write.send(site, thing, **{"If-Match": '"9"'})
    assert stale.status_code == 412, stale.text
    assert stale.content_type == "application/problem+json"
    assert stale.json["current"]["version"] == 1
    # Nothing was done, so nothing is on record but the token of this test.
    done = [one.type for one in events(site) if one.seq not in before]
    assert set(done) <= {"account.token.created"}


@pytest.mark.parametrize("name", ALL)
def test_a_repeated_key_acts_once_and_gets_the_same_answer(
    site: Site, still: StandingClock, name: str
):
    write = ALL[name]
    thing, headers = write.thing(site), {**site.bearer(write.scope), "Idempotency-Key": "abc"}
    path = write.path.replace("*", thing)
    first, again = (
        site.client().open(path, method=write.method, json=write.body, headers=headers)
        for _ in range(2)
    )
    assert first.status_code == write.status, first.text
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers["ETag"] == first.headers["ETag"]
    token = "account.token.created"
    kinds = [one.type for one in events(site) if one.type != token]
    assert kinds.count(kinds[0]) == 1, kinds


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_there_is_not_found(site: Site, still: StandingClock, name: str):
    answer = ALL[name].send(site, "nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json["detail"] == "Nothing has that reference."


@pytest.mark.parametrize("name", ALL)
def test_only_the_scope_that_writes_may(site: Site, still: StandingClock, name: str):
    write = ALL[name]
    thing = write.thing(site)
    reading = site.bearer(*(one for one in Scope if one is not write.scope))
    path = write.path.replace("*", thing)
    answer = site.client().open(path, method=write.method, json=write.body, headers=reading)
    assert answer.status_code == 403
    assert write.scope.value in answer.json["detail"]
    nobody = site.client().open(path, method=write.method, json=write.body)
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("name", [name for name, one in ALL.items() if one.body])
def test_a_field_that_nobody_knows_is_refused(site: Site, still: StandingClock, name: str):
    write = ALL[name]
    thing = write.thing(site)
    answer = site.client().open(
        write.path.replace("*", thing),
        method=write.method,
        json={**(write.body or {}), "surprise": 1},
        headers=site.bearer(write.scope),
    )
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["surprise"]


def test_a_key_belongs_to_one_request(site: Site, still: StandingClock):
    headers = {**site.bearer(), "Idempotency-Key": "abc"}
    body = {"title": "One", "endsAt": END}
    path = f"{MAINTENANCE}/windows"
    assert site.client().post(path, json=body, headers=headers).status_code == 201
    other = site.client().post(path, json={**body, "title": "Two"}, headers=headers)
    assert other.status_code == 422
    assert "was used for a different request" in other.json["detail"]
    long = site.client().post(path, json=body, headers={**headers, "Idempotency-Key": "k" * 201})
    assert long.status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "extend", "duration": "1h", "kind": "ban"}, "action"),
        ({"action": "extend"}, "duration"),
        ({"action": "raise", "until": "2030-06-03T12:30:00Z"}, "until"),
        ({"action": "raise", "duration": "1h", "scope": "range"}, "value"),
        ({"action": "raise", "duration": "1h", "scope": "key", "value": "x"}, "scope"),
        ({"action": "raise", "duration": "1h", "scope": "range", "value": "192.0.2.0/24"}, "value"),
    ],
)
def test_an_act_on_a_block_that_cannot_be_changes_nothing(
    site: Site, still: StandingClock, body: dict[str, Any], field: str
):
    path = f"{MAINTENANCE}/perimeter/blocks/{block(site)}"
    answer = site.client().patch(path, json=body, headers=site.bearer())
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    kept = site.client().get(path, headers=site.bearer())
    assert (kept.json["version"], kept.json["until"][:16]) == (1, "2030-06-03T13:00")


def test_a_block_holds_until_an_instant(site: Site, still: StandingClock):
    path = f"{MAINTENANCE}/perimeter/blocks/{block(site)}"
    body = {"action": "raise", "until": "2030-06-05T12:00:00Z"}
    answer = site.client().patch(path, json=body, headers=site.bearer())
    assert (answer.status_code, answer.json["until"][:16]) == (200, "2030-06-05T12:00")


def test_a_series_is_approved_by_another_and_called_off_once(build: Build, still: StandingClock):
    site = build(require_approval=True)
    path = f"{MAINTENANCE}/series/{series(site)}"
    approved = site.client().post(f"{path}/approval", headers=site.bearer())
    assert approved.status_code == 200, approved.text
    assert approved.json["awaitsApproval"] is False
    assert site.client().post(f"{path}/approval", headers=site.bearer()).status_code == 422
    assert site.client().delete(path, headers=site.bearer()).status_code == 200
    again = site.client().delete(path, headers=site.bearer())
    assert (again.status_code, list(again.json["errors"])) == (422, ["action"])


def test_what_was_given_out_of_an_incident_is_found_by_its_own_name_alone(
    site: Site, still: StandingClock
):
    path, headers = f"{RUNTIME}/incidents", site.bearer()
    reference, client = incident(site), site.client()
    other = incident(site)
    capture = client.post(f"{path}/{reference}/captures", headers=headers).json["id"]
    assert client.get(f"{path}/{reference}/captures/{capture}", headers=headers).status_code == 200
    for missing in (
        f"{other}/captures/{capture}",
        f"{reference}/captures/none",
        f"{reference}/retrospective",
        f"{reference}/prepared-update",
        "INC-2030-0099/findings",
        "INC-2030-0099/retrospective/export",
    ):
        assert client.get(f"{path}/{missing}", headers=headers).status_code == 404, missing
    early = client.put(f"{path}/{reference}/retrospective", json=RETROSPECTIVE, headers=headers)
    assert (early.status_code, list(early.json["errors"])) == (422, ["reference"])


def events(site: Site) -> list[Event]:
    with site.portal.core.open_session() as session:
        return search.search(session, limit=200)[0]
