"""A form of a component, and what is stored of it."""

from typing import Any

from portal.status import components
from portal.status.components import Component
from tests.sites import Site

FORM: dict[str, Any] = {
    "name": "The API",
    "slug": "api",
    "group": "Core",
    "position": "3",
    "description": "For developers",
    "alerts": "exporter-stale\nworker-error:jobs",
    "since": "2030-05-01",
    "isPublic": "on",
}


def stored(site: Site) -> list[Component]:
    with site.portal.core.open_session() as session:
        return components.listed(session)
