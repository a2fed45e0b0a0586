"""An incident and more that was told, and a page as text."""

from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import ImpactLevel, IncidentIn
from portal.unit_of_work import By
from tests.sites import Site


def told(site: Site, **fields: object) -> str:
    site.portal.status.components.add(
        By("op-a"), ComponentIn(slug="api", name="The API", group="Core")
    )
    row = site.portal.status.incidents.open(
        By("op-a"),
        IncidentIn(
            **{
                "title": "Slow answers",
                "impact": ImpactLevel.MAJOR,
                "message": "We **look**.",
                "components": [Impact(component="api", state=State.PARTIAL)],
                **fields,
            }
        ),
    )
    return str(row.reference)


def told_more(site: Site, **fields: object) -> str:
    """Another incident, of no component."""
    given = {"title": "More", "impact": ImpactLevel.MINOR, "message": "We look.", **fields}
    return str(site.portal.status.incidents.open(By("op-a"), IncidentIn(**given)).reference)


def text(site: Site, path: str, status: int = 200) -> str:
    answer = site.client().get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, path
    return " ".join(str(answer.get_data(as_text=True)).split())
