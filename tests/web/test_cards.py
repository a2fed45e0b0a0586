"""The poll of the panel: what has changed and nothing else, by one request for all cards."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from portal.accounts.roles import Role
from portal.lifecycle import checks
from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from portal.web.panel.cards import ALERTS, CARDS
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.lived_in import tend
from tests.people import Person
from tests.queries import counted
from tests.sites import Site, another
from tests.web.pages import text_of

ALL = (ALERTS, *CARDS)


class Panel:
    """A page that polls, and puts together what it shows as a browser would."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.shown = self.parts(text_of(person.client.get("/panel")))

    def poll(self) -> dict[str, str]:
        """What the answer holds, by card; nothing when it says that all is as it was."""
        answer = self.ask()
        if answer.status_code == 204:
            assert answer.data == b""
            return {}
        found = self.parts(text_of(answer))
        self.shown |= found
        return found

    def ask(self) -> Any:
        have = [self.mark(name) for name in self.shown]
        return self.person.client.get("/panel/cards", query_string={"have": have})

    def mark(self, name: str) -> str:
        found = re.search(r'name="have" value="([^"]+)"', self.shown[name])
        assert found, name
        return found[1]

    def parts(self, text: str) -> dict[str, str]:
        parts = re.split(r'(?=<input type="hidden" name="have")', text)[1:]
        marks = [re.search(r'value="([\w-]+)\.', part) for part in parts]
        return {mark[1]: part for mark, part in zip(marks, parts, strict=True) if mark}


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
