"""The panel over ninety days: its page, and the cards that it polls every ten seconds."""

import pytest

from portal.accounts.roles import Role
from portal.web.panel.cards import CARDS
from tests.clocks import StandingClock
from tests.lived_in import counts
from tests.queries import counted
from tests.scale.conftest import Reader
from tests.scale.looks import PANEL_POLL, Look, each
from tests.sites import Site

# The poll stands for all cards, and takes the snapshot once; each card can be had by itself.
LOOKS = (
    Look("/panel/cards", Role.ADMIN, 7, PANEL_POLL),
    Look("/panel/cards", Role.VIEWER, 7, PANEL_POLL),
    Look("/panel", Role.ADMIN, 7, PANEL_POLL),
    Look("/panel", Role.VIEWER, 7, PANEL_POLL),
    Look("/panel/alerts", Role.ADMIN, 7, PANEL_POLL),
    *(Look(f"/panel/cards/{name}", Role.ADMIN, 7, PANEL_POLL) for name in CARDS),
)


@pytest.mark.parametrize("look", each(LOOKS))
def test_a_poll_ten_seconds_after_the_last_asks_no_more_than_this(
    lived_in: Site, reader: Reader, still: StandingClock, look: Look
):
    client = reader(look.role)
    assert client.get(look.path).status_code == 200, look.note
    still.advance(seconds=10)
    with counted(lived_in) as queries:
        assert client.get(look.path).status_code == 200, look.note
    queries.expect(look.most, look.note)


@pytest.mark.parametrize("look", each(LOOKS[:4]))
def test_on_postgresql_it_asks_the_same(
    on_postgresql: tuple[Site, Reader], still: StandingClock, look: Look
):
    site, reader = on_postgresql
    reader(look.role).get(look.path)
    still.advance(seconds=10)
    with counted(site) as queries:
        assert reader(look.role).get(look.path).status_code == 200
    queries.expect(look.most, look.note)


def test_a_poll_writes_nothing(lived_in: Site, reader: Reader, still: StandingClock):
    """Not even when the session is due for a touch: polls do not keep anybody signed in."""
    client = reader(Role.ADMIN)
    client.get("/panel")
    still.advance(minutes=5)
    with counted(lived_in) as queries:
        assert client.get("/panel/cards").status_code == 200
        for name in CARDS:
            assert client.get(f"/panel/cards/{name}").status_code == 200
        client.get("/panel/alerts")
    writes = [one for one in queries.statements if not one.lstrip().startswith("SELECT")]
    assert writes == []


def test_the_cards_show_the_foremost_and_the_latest(
    lived_in: Site, reader: Reader, still: StandingClock
):
    client = reader(Role.ADMIN)

    def card(name: str) -> str:
        return client.get(f"/panel/cards/{name}").get_data(as_text=True)

    perimeter = card("perimeter")
    assert "origin-" in perimeter
    workers = card("workers")
    for one in counts.WORKERS:
        assert one.name in workers
    assert f"{counts.EVENTS}" in card("security")


def test_the_snapshot_names_at_most_the_foremost_of_each_kind(lived_in: Site, still: StandingClock):
    taken = lived_in.portal.overview.take()
    assert len(taken.rate_limit.top_consumers) == 15 < counts.OFFENDERS
    blocked = [one.blocked for one in taken.rate_limit.top_consumers]
    assert blocked == sorted(blocked, reverse=True)
    assert len(taken.metrics.history) == 60
    alertmanager = [one for one in taken.alerts if one.source == "alertmanager"]
    assert [one.title for one in alertmanager] == ["Disk is full"]
