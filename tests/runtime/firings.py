"""Alerts as Alertmanager delivers them, and the episodes that came of them."""

from portal import clock
from portal.runtime.episode import Episode
from portal.store import revision
from tests.sites import Site

PATH = "/api/admin/runtime/alerts/alertmanager"
FINGERPRINT = "a1b2c3d4e5f60718"


def alert(status: str, start: str, end: str = "0001-01-01T00:00:00Z", **labels: str) -> dict:
    return {
        "status": status,
        "labels": {"alertname": "HighLatency", "severity": "critical", **labels},
        "annotations": {"summary": "Answers are slow", "runbook_url": "https://r.example/slow"},
        "startsAt": start,
        "endsAt": end,
        "generatorURL": "http://prometheus/graph",
        "fingerprint": FINGERPRINT,
    }


def delivery(*alerts: dict) -> dict:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="HighLatency"}',
        "truncatedAlerts": 0,
        "status": alerts[0]["status"],
        "receiver": "portal",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }


def episodes(site: Site) -> list[tuple[str, str | None]]:
    with site.portal.core.open_session() as session:
        rows = session.query(Episode).filter_by(source="alertmanager").order_by(Episode.opened_at)
        return [
            (clock.iso(row.opened_at), clock.iso(row.closed_at) if row.closed_at else None)
            for row in rows
        ]


FIRST = alert("firing", "2030-06-03T11:50:00.123456789Z")
ENDED = alert("resolved", "2030-06-03T11:50:00.123456789Z", "2030-06-03T11:55:00Z")
AGAIN = alert("firing", "2030-06-03T11:57:00Z")


def push(site: Site, *alerts: object, headers: dict[str, str], **more: object) -> dict:
    body = {**delivery(FIRST), "alerts": alerts, **more}
    answer = site.client().post(PATH, json=body, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def state_of(site: Site, slug: str) -> str:
    told = site.client().get("/api/status").get_json()["components"]
    return next(one["state"] for one in told if one["slug"] == slug)


def revision_of(site: Site) -> int:
    with site.portal.core.open_session() as session:
        return revision.current(session)
