"""What an alert does to the public page, and what a state by hand does against it."""

import pytest

from portal import clock
from portal.accounts.roles import Scope
from portal.status.components import ComponentIn, State
from portal.unit_of_work import By
from portal.worker import rounds
from tests.clocks import StandingClock
from tests.runtime.firings import alert, push, revision_of, state_of
from tests.sites import Site


def test_it_shows_on_the_public_page_at_once_and_a_repetition_moves_nothing(
    either: Site, still: StandingClock
):
    either.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers, fires = either.bearer(Scope.ALERTS_PUSH), alert("firing", "2030-06-03T11:50:00Z")
    fires["labels"]["component"] = "api"
    assert state_of(either, "api") == "operational"
    before = revision_of(either)
    push(either, fires, headers=headers)
    assert state_of(either, "api") == "partial_outage"
    assert revision_of(either) == before + 1
    push(either, fires, headers=headers)
    other = alert("firing", "2030-06-03T11:51:00Z") | {"fingerprint": "ab" * 8}
    push(either, other, headers=headers)
    assert revision_of(either) == before + 1
    fires["labels"]["severity"] = "warning"
    push(either, fires, headers=headers)
    assert state_of(either, "api") == "degraded_performance"
    push(either, {**fires, "status": "resolved"}, headers=headers)
    assert state_of(either, "api") == "operational"


def test_the_portals_own_alerts_show_at_once_too(site: Site, still: StandingClock):
    names = ["exporter-stale"]
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API", alerts=names))
    site.scrape()
    before = revision_of(site)
    still.advance(seconds=200)
    rounds.run_once(site.portal)
    assert revision_of(site) == before + 1
    rounds.run_once(site.portal)
    assert revision_of(site) == before + 1


@pytest.mark.usefixtures("still")
def test_the_component_that_it_spoke_of_before_is_well_again(site: Site):
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = site.bearer(Scope.ALERTS_PUSH)
    push(site, alert("firing", "2030-06-03T11:50:00Z", component="api"), headers=headers)
    assert state_of(site, "api") == "partial_outage"
    before = revision_of(site)
    push(site, alert("firing", "2030-06-03T11:50:00Z", component="none"), headers=headers)
    assert revision_of(site) == before + 1
    assert state_of(site, "api") == "operational"


def test_a_state_set_by_hand_stands_until_the_alert_changes(either: Site, still: StandingClock):
    parts = either.portal.status.components
    parts.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = either.bearer(Scope.ALERTS_PUSH)
    fires = alert("firing", "2030-06-03T11:50:00Z", component="api")
    push(either, fires, headers=headers)
    still.advance(minutes=1)
    for wanted, shown in (
        (State.OPERATIONAL, "operational"),
        (State.DEGRADED, "degraded_performance"),
        (None, "partial_outage"),
        (State.OPERATIONAL, "operational"),
    ):
        parts.set_state(By("a"), "api", wanted)
        still.advance(minutes=1)
        # Told again, it says nothing new.
        push(either, fires, headers=headers)
        assert state_of(either, "api") == shown, wanted
    push(either, {**fires, "status": "resolved"}, headers=headers)
    assert state_of(either, "api") == "operational"
    push(either, {**fires, "startsAt": clock.iso(clock.now())}, headers=headers)
    still.advance(seconds=1)
    assert state_of(either, "api") == "partial_outage"
