"""Every write of the admin API, with what it wants to be there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.accounts.roles import Scope
from portal.audit import search
from portal.audit.search import Event
from portal.status.components import ComponentIn
from portal.status.incidents import Category, ImpactLevel, IncidentIn, Progress, UpdateIn
from portal.unit_of_work import By
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


def events(site: Site) -> list[Event]:
    with site.portal.core.open_session() as session:
        return search.search(session, limit=200)[0]
