"""Components of a site: what impairs them, and what is left of those that go."""

from datetime import date

import pytest

from portal.errors import RuleError, StaleVersionError
from portal.status.components import ComponentIn, State
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.board.parts import HOUR
from tests.clocks import StandingClock
from tests.sites import Site


def test_a_window_puts_its_parts_under_maintenance(either: Site, still: StandingClock):
    status = either.portal.status
    for slug in ("api", "web"):
        status.components.add(By("a"), ComponentIn(slug=slug, name=slug))
    with pytest.raises(RuleError, match="slug db"):
        either.portal.status.windows.schedule(
            By("a"), WindowIn(title="x", ends_at=still.moment + HOUR, components=["db"])
        )
    row = either.portal.status.windows.schedule(
        By("a"), WindowIn(title="Work", ends_at=still.moment + HOUR, components=["api"])
    )

    def states() -> dict[str, str]:
        either.portal.board.refresh()
        told = either.client().get("/api/status").get_json()["components"]
        return {one["slug"]: one["state"] for one in told}

    assert states() == {"api": "under_maintenance", "web": "operational"}
    assert either.figure('gigvora_component_status{component="api"}') == 1
    still.advance(hours=2)
    assert states() == {"api": "operational", "web": "operational"}
    (api, _) = either.portal.board.current().picture.components
    assert api.events[0].labels == [row.reference]
    assert api.uptime == 1.0


def test_a_state_by_hand_holds_until_it_is_taken_back(either: Site, still: StandingClock):
    status = either.portal.status
    status.components.add(By("a"), ComponentIn(slug="api", name="API", since=date(2030, 5, 1)))
    status.components.set_state(By("a", version=1), "api", State.PARTIAL)
    with pytest.raises(StaleVersionError):
        status.components.set_state(By("b", version=1), "api", State.MAJOR)
    still.advance(hours=2)
    assert either.client().get("/api/status").get_json()["description"] == "Partial outage"
    status.components.set_state(By("a", version=2), "api", None)
    (view,) = either.portal.board.current().picture.components
    assert view.state is State.OPERATIONAL
    assert (view.events[0].state, view.events[0].minutes) == (State.PARTIAL, 120)
    assert view.states[:56] == [None] * 56


def test_an_alert_impairs_what_depends_on_it(site: Site, still: StandingClock):
    from portal.worker import rounds

    site.portal.status.components.add(
        By("a"), ComponentIn(slug="figures", name="Figures", alerts=["exporter-stale"])
    )
    assert site.scrape().status_code == 200
    still.advance(seconds=200)
    rounds.run_once(site.portal)
    site.portal.board.refresh()
    still.advance(seconds=20)
    assert site.client().get("/api/status").get_json()["description"] == "Degraded performance"


def test_a_removed_part_takes_its_history_and_leaves_the_rest(either: Site):
    status = either.portal.status
    status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    status.components.set_state(By("a"), "api", State.MAJOR)
    with pytest.raises(RuleError, match="taken"):
        status.components.add(By("a"), ComponentIn(slug="api", name="Again"))
    status.components.remove(By("a"), "api")
    assert either.client().get("/api/status").get_json()["components"] == []
    status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    (view,) = either.portal.board.current().picture.components
    assert view.events == []
