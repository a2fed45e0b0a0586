"""A look at the alerts, and the events that came of it."""

from portal.audit import search
from tests.sites import Site


def events(site: Site) -> list[tuple[str, dict[str, object]]]:
    with site.portal.core.open_session() as session:
        rows = search.search(session, event_type="monitoring.")[0]
        return [(row.type, row.detail) for row in reversed(rows)]


def step(site: Site) -> None:
    site.portal.runtime.episodes.reconcile(site.portal.overview.take())
