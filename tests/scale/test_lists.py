"""Lists of the API and the panel over ninety days: how many queries each may take."""

import pytest

from portal.accounts.roles import Role, Scope
from tests.clocks import StandingClock
from tests.lived_in import counts
from tests.queries import counted
from tests.scale.conftest import Reader
from tests.scale.looks import LIST, PANEL_POLL, Look, each
from tests.sites import Site

RUNTIME = "/api/admin/runtime"
MAINTENANCE = f"{RUNTIME}/maintenance"
FOUR_LISTS = "Windows, series, freezes and announcements with their numbers, and the warnings."
# The token is one of them.
API = (
    Look(f"{RUNTIME}/incidents?limit=50", None, 5, LIST),
    Look(f"{RUNTIME}/incidents?limit=50&open=true", None, 5, LIST),
    Look(f"{RUNTIME}/components", None, 3, LIST),
    Look(f"{RUNTIME}/workers", None, 1, LIST),
    Look(f"{RUNTIME}/audit?limit=50", None, 4, LIST),
    Look(f"{RUNTIME}/health", None, 7, PANEL_POLL),
    Look(f"{MAINTENANCE}?limit=50", None, 2, LIST),
    Look(f"{MAINTENANCE}/windows?limit=50", None, 4, LIST),
    Look(f"{MAINTENANCE}/series?limit=50", None, 2, LIST),
    Look(f"{MAINTENANCE}/freezes", None, 2, LIST),
    Look(f"{MAINTENANCE}/templates", None, 2, LIST),
    Look(f"{MAINTENANCE}/notifications?limit=50", None, 3, LIST),
    Look(f"{MAINTENANCE}/notifications/dead", None, 2, LIST),
    Look(f"{MAINTENANCE}/subscribers?limit=50", None, 2, LIST),
    Look(f"{MAINTENANCE}/perimeter/blocks?limit=50", None, 2, LIST),
    Look(f"{MAINTENANCE}/perimeter/blocks?limit=50&active=false", None, 2, LIST),
    Look(f"{RUNTIME}/incidents/INC-2030-0060", None, 5, LIST),
    Look(f"{RUNTIME}/incidents/INC-2030-0001/retrospective/export", None, 6, LIST),
    Look(f"{MAINTENANCE}/windows/{counts.RUNNING}", None, 4, LIST),
)
# The session with its operator is one of them.
PANEL = (
    Look("/panel/maintenance", Role.ADMIN, 6, LIST, FOUR_LISTS),
    Look("/panel/maintenance", Role.VIEWER, 6, LIST, FOUR_LISTS),
    Look("/panel/incidents", Role.ADMIN, 4, LIST),
    Look("/panel/incidents/INC-2030-0060", Role.ADMIN, 8, PANEL_POLL, "Captures are read twice."),
    Look("/panel/incidents/INC-2030-0001/retrospective", Role.ADMIN, 6, PANEL_POLL),
    Look("/panel/incidents/new", Role.ADMIN, 3, PANEL_POLL),
    Look("/panel/components", Role.ADMIN, 3, LIST),
    Look("/panel/components/part-03", Role.ADMIN, 2, LIST),
    Look("/panel/perimeter", Role.ADMIN, 2, LIST),
    Look("/panel/notifications", Role.ADMIN, 6, LIST),
    Look("/panel/notifications", Role.VIEWER, 5, LIST, "Without the subscribers."),
    Look("/panel/notifications/new", Role.ADMIN, 5, LIST),
    Look("/panel/audit", Role.ADMIN, 5, LIST),
    Look("/panel/audit?before=300", Role.ADMIN, 5, LIST),
    Look("/panel/audit?type=account.login", Role.ADMIN, 5, LIST),
    Look("/panel/windows/new", Role.ADMIN, 3, LIST),
    Look(f"/panel/windows/{counts.RUNNING}", Role.ADMIN, 5, PANEL_POLL),
    Look("/panel/announcements/word-55", Role.ADMIN, 3, LIST),
)
PUBLIC = (
    Look("/history", None, 2, LIST),
    Look("/history?month=2030-05", None, 2, LIST),
    Look("/incidents/INC-2030-0001", None, 5, LIST),
    Look(f"/maintenance/{counts.RUNNING}", None, 2, LIST),
)


@pytest.mark.parametrize("look", each(API))
def test_a_list_of_the_api_asks_no_more_than_this(
    lived_in: Site, token: dict[str, str], still: StandingClock, look: Look
):
    client = lived_in.client()
    assert client.get(look.path, headers=token).status_code == 200
    still.advance(seconds=10)
    with counted(lived_in) as queries:
        assert client.get(look.path, headers=token).status_code == 200
    queries.expect(look.most, look.note)


@pytest.mark.parametrize("look", each([*PANEL, *PUBLIC]))
def test_a_page_asks_no_more_than_this(
    lived_in: Site, reader: Reader, still: StandingClock, look: Look
):
    client = reader(look.role)
    assert client.get(look.path).status_code == 200
    still.advance(seconds=10)
    with counted(lived_in) as queries:
        assert client.get(look.path).status_code == 200
    queries.expect(look.most, look.note)


@pytest.mark.parametrize("look", each(one for one in API if one.most <= one.budget))
def test_postgresql_is_asked_the_same(
    on_postgresql: tuple[Site, Reader], still: StandingClock, look: Look
):
    site, _ = on_postgresql
    token = site.bearer(*Scope)
    with counted(site) as queries:
        assert site.client().get(look.path, headers=token).status_code == 200
    queries.expect(look.most, look.note)


@pytest.mark.parametrize(
    "look", each(one for one in API if "limit=50" in one.path and one.most <= one.budget)
)
def test_ten_rows_ask_as_much_as_fifty(
    lived_in: Site, token: dict[str, str], still: StandingClock, look: Look
):
    numbers = set()
    for path in (look.path, look.path.replace("limit=50", "limit=10")):
        with counted(lived_in) as queries:
            assert lived_in.client().get(path, headers=token).status_code == 200
        numbers.add(len(queries))
    assert len(numbers) == 1, look.note
