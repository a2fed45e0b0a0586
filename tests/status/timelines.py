"""An incident by the API's own acts: opened, shown and resolved."""

from portal.audit import chain, search
from portal.status import incidents
from portal.status.components import ComponentIn
from portal.status.incidents import Category, ImpactLevel, IncidentIn, Progress, UpdateIn
from portal.unit_of_work import By
from tests.sites import Site


def opened(site: Site, **fields: object) -> incidents.Incident:
    given = {"title": "Slow answers", "impact": ImpactLevel.MAJOR, "message": "We look into it."}
    return site.portal.status.incidents.open(By("operator-ann"), IncidentIn(**{**given, **fields}))


def shown(site: Site, reference: str) -> incidents.IncidentOut:
    with site.portal.core.open_session() as session:
        return incidents.out(session, incidents.find(session, reference))


def resolve(site: Site, reference: str, **fields: object) -> incidents.Incident:
    given = {
        "status": Progress.RESOLVED,
        "message": "All is well.",
        "root_cause_category": Category.DEPLOY,
    }
    return site.portal.status.incidents.update(
        By("operator-ann"), reference, UpdateIn(**{**given, **fields})
    )


def parts(site: Site, *slugs: str) -> None:
    for slug in slugs:
        site.portal.status.components.add(
            By("operator-ann"), ComponentIn(slug=slug, name=slug.title())
        )


def kinds(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        assert list(chain.verify(session))[-1].first_bad_seq is None
        return [row.type for row in reversed(search.search(session, limit=100)[0])]
