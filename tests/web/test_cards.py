"""The poll of the panel: what has changed and nothing else, by one request for all cards."""

from types import SimpleNamespace

import pytest

from portal.accounts.roles import Role
from portal.lifecycle import checks
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.web.pages import text_of
from tests.web.panels import ALL, Panel


@pytest.fixture
def panel(site: Site, still: StandingClock) -> Panel:
    return Panel(site.signed_in(Role.OPERATOR))


def test_the_page_holds_every_card_with_its_version(panel: Panel):
    assert tuple(panel.shown) == ALL
    assert len({panel.mark(name) for name in ALL}) == len(ALL)


def test_a_quiet_panel_is_told_so_in_no_words(
    site: Site, panel: Panel, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    # How long the database takes to answer says something about this machine alone.
    monkeypatch.setattr(checks, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    # Until the hits of the sign-in are no longer among the twelve windows that the card draws.
    for _ in range(14):
        still.advance(minutes=1)
        panel.poll()
    for _ in range(6):
        still.advance(seconds=10)
        answer = panel.ask()
        assert (answer.status_code, answer.data) == (204, b""), list(panel.poll())
        assert answer.headers["Cache-Control"] == "no-store"


def test_only_the_cards_that_say_something_else_are_in_the_answer(
    site: Site, panel: Panel, still: StandingClock
):
    for _ in range(7):
        still.advance(seconds=10)
        panel.poll()
    site.portal.status.windows.schedule(
        By("ada"), WindowIn(title="Failover", ends_at=still.now().replace(hour=15))
    )
    found = panel.poll()
    assert set(found) == {"actions", "maintenance", "security"}
    assert "Failover" in found["maintenance"]
    assert panel.poll() == {}


def test_a_page_that_has_nothing_gets_all(panel: Panel):
    answer = panel.person.client.get("/panel/cards")
    assert text_of(answer).count("hx-swap-oob") == len(ALL)
    odd = panel.person.client.get(
        "/panel/cards", query_string={"have": ["", "waf", "x.y", "waf.0", "\x00"]}
    )
    assert text_of(odd).count("hx-swap-oob") == len(ALL)


def test_an_operator_sees_what_he_may_do_and_a_viewer_does_not(site: Site, still: StandingClock):
    site.portal.status.windows.schedule(
        By("ada"), WindowIn(title="Failover", ends_at=still.now().replace(hour=15))
    )
    operator, viewer = Panel(site.signed_in(Role.OPERATOR)), Panel(site.signed_in(Role.VIEWER))
    assert "End now" in operator.shown["maintenance"]
    assert "End now" not in viewer.shown["maintenance"]
    assert operator.mark("maintenance") != viewer.mark("maintenance")
    # The snapshot is one; what each may do with it is not.
    still.advance(seconds=10)
    assert "End now" not in viewer.poll().get("maintenance", "")


def test_a_stranger_is_asked_to_sign_in(site: Site):
    answer = site.client().get("/panel/cards", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (
        401,
        "/panel/login?ended=1&next=/panel",
    )


def test_a_poll_does_not_keep_anybody_signed_in(site: Site, panel: Panel, still: StandingClock):
    for _ in range(29):
        still.advance(minutes=1)
        assert panel.ask().status_code in {200, 204}
    still.advance(minutes=1)
    assert panel.ask().status_code == 302
