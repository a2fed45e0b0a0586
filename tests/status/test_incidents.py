"""An incident from its start to its end, as the acts and the page have it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from portal import clock
from portal.status import incidents
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import Category, NoteIn, Progress, UpdateIn, impacts
from portal.store.choices import Choice
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.status.timelines import kinds, opened, parts, resolve, shown


def test_references_count_by_year_without_gaps_or_doubles(either: Site, still: StandingClock):
    def one(number: int) -> str:
        return opened(either, title=f"No {number}").reference

    with ThreadPoolExecutor(6) as threads:
        made = sorted(threads.map(one, range(12)))
    assert made == [f"INC-2030-{number:04d}" for number in range(1, 13)]
    still.advance(days=300)
    assert opened(either).reference == "INC-2031-0001"


def test_an_incident_from_start_to_end(either: Site, still: StandingClock):
    parts(either, "api", "web")
    row = opened(
        either,
        components=[Impact(component="api", state=State.MAJOR)],
        started_at=still.moment - timedelta(minutes=10),
    )
    still.advance(minutes=5)
    either.portal.status.incidents.acknowledge(By("ben"), row.reference)
    either.portal.status.incidents.note(By("ben"), row.reference, NoteIn(message="A full disk?"))
    still.advance(minutes=5)
    either.portal.status.incidents.update(
        By("ben"),
        row.reference,
        UpdateIn(
            status=Progress.IDENTIFIED,
            message="A disk is full.",
            components=[
                Impact(component="api", state=State.PARTIAL),
                Impact(component="web", state=State.DEGRADED),
            ],
            next_update_at=still.moment + timedelta(minutes=30),
        ),
    )
    now = shown(either, row.reference)
    assert now.status is Progress.IDENTIFIED
    assert [(one.component, one.state) for one in now.components] == [
        ("api", State.PARTIAL),
        ("web", State.DEGRADED),
    ]
    assert [one.message for one in now.updates] == ["A disk is full.", "We look into it."]
    assert [one.message for one in now.notes] == ["A full disk?"]
    assert now.acknowledged_by == "ben"
    still.advance(minutes=5)
    resolve(either, row.reference)
    now = shown(either, row.reference)
    assert now.resolved_at == clock.now()
    assert now.root_cause_category is Category.DEPLOY
    assert now.next_update_at is None
    either.portal.board.refresh()
    picture = either.portal.board.current().picture
    assert {one.state for one in picture.components} == {State.OPERATIONAL}
    assert picture.open_incidents == ()
    assert [kind for kind in kinds(either) if kind.startswith("incident")] == [
        "incident.opened",
        "incident.acknowledged",
        "incident.noted",
        "incident.updated",
        "incident.resolved",
    ]


def test_a_note_at_the_opening_is_for_operators_alone(site: Site, still: StandingClock):
    row = opened(site, note="A full disk?")
    found = shown(site, row.reference)
    assert [one.message for one in found.updates] == ["We look into it."]
    assert [one.message for one in found.notes] == ["A full disk?"]
    assert kinds(site) == ["incident.opened", "incident.noted"]
    opened(site)
    assert kinds(site).count("incident.noted") == 1


def test_what_an_incident_has_touched_is_as_it_leaves_it(site: Site, still: StandingClock):
    parts(site, "api", "web", "mail")
    hurt = [Impact(component=slug, state=State.MAJOR) for slug in ("api", "web")]
    row = opened(site, components=hurt)
    still.advance(minutes=1)
    site.portal.status.incidents.update(
        By("ben"),
        row.reference,
        UpdateIn(
            status=Progress.IDENTIFIED,
            message="One is well.",
            components=[Impact(component="web", state=State.DEGRADED)],
        ),
    )
    with site.portal.core.open_session() as session:
        found = impacts.states(session, incidents.find(session, row.reference))
    assert found == {"api": "operational", "web": "degraded_performance"}


def test_a_list_can_be_of_one_component(site: Site, still: StandingClock):
    parts(site, "api", "web")
    first = opened(site, components=[Impact(component="api", state=State.MAJOR)])
    opened(site, components=[Impact(component="web", state=State.MAJOR)])
    opened(site)
    with site.portal.core.open_session() as session:
        choice = Choice(component="api")
        found, total = incidents.page(session, limit=9, offset=0, choice=choice)
        assert ([one.reference for one in found], total) == ([first.reference], 1)
        assert incidents.page(session, limit=9, offset=0)[1] == 3


def test_nothing_internal_and_no_name_is_public(site: Site, still: StandingClock):
    parts(site, "api")
    site.portal.status.components.add(
        By("ann"), ComponentIn(slug="secret-core", name="Secret core", is_public=False)
    )
    row = opened(site, components=[Impact(component="api", state=State.MAJOR)])
    site.portal.status.incidents.note(
        By("operator-ann"), row.reference, NoteIn(message="planted-secret")
    )
    hidden = opened(
        site,
        title="For operations",
        message="hidden-words",
        audiences=["operations"],
        components=[Impact(component="api", state=State.MAJOR)],
    )
    resolve(site, row.reference)
    client = site.client()
    for path in ("/", "/banner", "/api/status", "/api/runtime/maintenance?includeResolved=true"):
        text = client.get(path).get_data(as_text=True)
        for secret in (
            "planted-secret",
            "operator-ann",
            "hidden-words",
            "Secret core",
            hidden.reference,
        ):
            assert secret not in text, (path, secret)
    # What only some may know of does not show in the state of a part either.
    assert client.get("/api/status").get_json()["components"][0]["state"] == "operational"
