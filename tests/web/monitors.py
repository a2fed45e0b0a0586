"""Monitors by the API, and as they are stored."""

from typing import Any

from sqlalchemy import select

from portal.monitors.monitor import Monitor
from tests.sites import Site

BASE = "/api/admin/runtime/monitors"
HTTP = {"slug": "home", "name": "Home", "kind": "http", "url": "https://example.org/health"}


def send(site: Site, method: str, path: str = "", **given: Any) -> Any:
    headers = given.pop("headers", {}) | site.bearer()
    return site.client().open(BASE + path, method=method, headers=headers, **given)


def stored(site: Site, slug: str = "home") -> Monitor:
    with site.portal.core.open_session() as session:
        row = session.scalar(select(Monitor).where(Monitor.slug == slug))
        assert row is not None
        session.expunge(row)
        return row
