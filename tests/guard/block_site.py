"""Blocks by the API of a site."""

from portal.audit import search
from tests.sites import Site

BASE = "/api/admin/runtime/maintenance/perimeter/blocks"
OFFENDER = {"REMOTE_ADDR": "203.0.113.9"}


def add(site: Site, headers: dict[str, str], **fields: object):
    given = {"scope": "ip", "value": "203.0.113.9", "duration": "15m", "reason": "presses"}
    return site.client().post(BASE, json={**given, **fields}, headers=headers)


def events(site: Site, kind: str) -> list[dict[str, object]]:
    with site.portal.core.open_session() as session:
        return [
            row.detail | {"who": row.actor} for row in search.search(session, event_type=kind)[0]
        ]
