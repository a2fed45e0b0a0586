"""An act is in the next poll of every panel, and the versions of cards leave out what ticks."""

import re

import pytest

from portal.accounts.roles import Role
from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from portal.web.panel.cards import CARDS
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.lived_in import tend
from tests.queries import counted
from tests.sites import Site, another
from tests.web.pages import text_of
from tests.web.panels import Panel


@pytest.fixture
def panel(site: Site, still: StandingClock) -> Panel:
    return Panel(site.signed_in(Role.OPERATOR))


def test_panels_that_look_at_once_share_one_snapshot(site: Site, still: StandingClock):
    tend(site.portal)
    panels = [Panel(site.signed_in(role)) for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN)]
    for one in panels:
        one.poll()
    still.advance(seconds=10)
    with counted(site) as queries:
        panels[0].poll()
    assert 1 < len(queries) <= 8
    with counted(site) as queries:
        for one in panels[1:]:
            one.poll()
    # Each asks for its session, and for nothing else.
    queries.expect(2)


def test_an_act_is_in_the_next_poll_of_every_panel(site: Site, still: StandingClock):
    mine, other = (Panel(site.signed_in(Role.ADMIN)) for _ in range(2))
    mine.poll()
    other.poll()
    answer = mine.person.client.post(
        "/panel/windows/now",
        data={"csrf_token": mine.person.csrf(), "duration": "30m", "key": "0123456789"},
        headers={"HX-Request": "true"},
    )
    mine.shown |= mine.parts(text_of(answer))
    assert "1 running" in mine.shown["maintenance"]
    assert "1 running" in other.poll()["maintenance"]
    # And by the API or the command line, whose answers are no cards.
    (window,) = site.portal.overview.take().maintenance.active
    site.portal.status.windows.act(By("token"), window.reference, WindowAct(action="end"))
    for one in (mine, other):
        assert "None running" in one.poll()["maintenance"]


def test_what_another_process_did_is_there_within_a_second(site: Site, still: StandingClock):
    panel = Panel(site.signed_in(Role.OPERATOR))
    panel.poll()
    new = WindowIn(title="Failover", ends_at=still.now().replace(hour=15))
    another(site).portal.status.windows.schedule(By("ada"), new)
    still.advance(seconds=1)
    assert "Failover" in panel.poll()["maintenance"]


def test_a_card_that_is_answered_to_an_act_has_the_version_of_the_poll(
    site: Site, panel: Panel, still: StandingClock
):
    """So the card that an operator sees after an act is not sent again."""
    for name in CARDS:
        text = text_of(panel.person.client.get(f"/panel/cards/{name}"))
        panel.shown |= panel.parts(text)
    panel.shown |= panel.parts(text_of(panel.person.client.get("/panel/alerts")))
    assert not {"maintenance", "perimeter", "security"} & set(panel.poll())


@pytest.mark.parametrize("name", ["exporter", "security", "workers", "database"])
def test_a_version_leaves_out_what_ticks(build: Build, still: StandingClock, name: str):
    site = build()
    site.scrape()
    panel = Panel(site.signed_in(Role.OPERATOR))
    panel.poll()
    mark, text = panel.mark(name), panel.shown[name]
    still.advance(seconds=10)
    again = text_of(panel.person.client.get(f"/panel/cards/{name}"))
    assert mark in again
    assert re.sub(r">[^<]*</time>|Z\"|_token\" value=\"[^\"]*", "", again) != text
