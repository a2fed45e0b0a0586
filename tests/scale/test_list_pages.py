"""Lists over ninety days: what stands first, and that pages meet every row once."""

import re

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.audit import chain
from tests.clocks import StandingClock
from tests.lived_in import counts
from tests.scale.conftest import Reader
from tests.sites import Site

RUNTIME = "/api/admin/runtime"
MAINTENANCE = f"{RUNTIME}/maintenance"


@pytest.mark.parametrize(
    ("path", "total"),
    [
        (f"{RUNTIME}/incidents", counts.INCIDENTS),
        (f"{RUNTIME}/incidents?open=true", counts.OPEN_INCIDENTS),
        (f"{RUNTIME}/incidents?open=false", counts.INCIDENTS - counts.OPEN_INCIDENTS),
        (MAINTENANCE, counts.ANNOUNCEMENTS),
        (f"{MAINTENANCE}/series", counts.SERIES),
        (f"{MAINTENANCE}/notifications", counts.NOTICES),
        (f"{MAINTENANCE}/subscribers", counts.SUBSCRIBERS + 10),
        (f"{MAINTENANCE}/perimeter/blocks", counts.BLOCKS_IN_FORCE),
        (f"{MAINTENANCE}/perimeter/blocks?active=false", counts.BLOCKS),
    ],
)
def test_a_walk_over_the_pages_meets_every_row_once(
    lived_in: Site, token: dict[str, str], still: StandingClock, path: str, total: int
):
    seen: list[str] = []
    while True:
        sign = "&" if "?" in path else "?"
        page = lived_in.client().get(f"{path}{sign}limit=100&offset={len(seen)}", headers=token)
        assert page.json["total"] == total
        if not page.json["items"]:
            break
        seen += [str(one.get("id") or one.get("reference")) for one in page.json["items"]]
    assert len(seen) == len(set(seen)) == total


def test_the_audit_log_is_whole_and_its_pages_meet_every_event(
    lived_in: Site, reader: Reader, still: StandingClock
):
    with lived_in.portal.core.open_session() as session:
        assert [one.first_bad_seq for one in chain.verify(session)][-1] is None
        stored = chain.length(session)
    seen: list[int] = []
    before = "/panel/audit"
    while len(seen) < stored:
        text = reader(Role.ADMIN).get(before).get_data(as_text=True)
        found = [int(one) for one in re.findall(r'<li id="event-(\d+)">', text)]
        assert found, "a page of the log has events"
        seen += found
        before = f"/panel/audit?before={found[-1]}"
    assert len(seen) == len(set(seen))
    assert set(range(1, counts.EVENTS + 1)) <= set(seen)


def test_what_goes_on_stands_first_among_incidents(
    lived_in: Site, reader: Reader, token: dict[str, str], still: StandingClock
):
    found = lived_in.client().get(f"{RUNTIME}/incidents?limit=50", headers=token).json["items"]
    assert [one["resolvedAt"] for one in found[: counts.OPEN_INCIDENTS]] == [None] * 4
    assert all(3 <= len(one["updates"]) <= 6 and len(one["notes"]) == 1 for one in found)
    page = reader(Role.ADMIN).get("/panel/incidents").get_data(as_text=True)
    assert page.index(found[0]["reference"]) < page.index(found[-1]["reference"])


def test_a_list_of_series_names_the_next_of_each(
    lived_in: Site, token: dict[str, str], still: StandingClock
):
    found = lived_in.client().get(f"{MAINTENANCE}/series", headers=token).json["items"]
    for one in found:
        starts = [next_["startsAt"] for next_ in one["next"]]
        assert len(starts) == 5
        assert starts == sorted(starts)
        assert starts[0] >= clock.iso(still.now())[:16]


def test_the_history_of_a_month_holds_all_of_it(
    lived_in: Site, reader: Reader, still: StandingClock
):
    text = reader(None).get("/history?month=2030-05").get_data(as_text=True)
    for number in range(counts.SERIES):
        assert len(set(re.findall(rf"/maintenance/m-{number}-\d\d\d", text))) == 31
    running = reader(None).get("/history").get_data(as_text=True)
    assert f"/maintenance/{counts.RUNNING}" in running


def test_the_panel_lists_what_runs_and_comes_first_and_pages_through_the_rest(
    lived_in: Site, reader: Reader, still: StandingClock
):
    client = reader(Role.ADMIN)

    def shown(path: str) -> list[str]:
        text = client.get(path).get_data(as_text=True)
        return re.findall(r'id="window-([\w-]+)"', text)

    first = shown("/panel/maintenance")
    assert counts.RUNNING in first[:2]
    assert counts.PROPOSED in first[:3]
    assert {"m-next1", "m-next5", "m-next20"} <= set(first[:16])
    found, offset = list(first), 50
    while part := shown(f"/panel/maintenance?offset={offset}"):
        found += part
        offset += 50
    assert len(found) == len(set(found))
    assert {f"m-past{number:02}" for number in range(40)} <= set(found)
    assert 'href="?offset=50"' in client.get("/panel/maintenance").get_data(as_text=True)
    of_one = shown("/panel/maintenance?series=s-daily0")
    assert len(of_one) == 50
    assert all(one.startswith("m-0-") for one in of_one)
    assert client.get("/panel/maintenance?offset=x").status_code == 400
    assert client.get("/panel/maintenance?series=nothing").status_code == 404


def test_the_api_lists_what_runs_first_and_every_window_on_some_page(
    lived_in: Site, token: dict[str, str], still: StandingClock
):
    found: list[str] = []
    while True:
        path = f"{MAINTENANCE}/windows?limit=100&offset={len(found)}"
        page = lived_in.client().get(path, headers=token).json
        found += [one["reference"] for one in page["items"]]
        if not page["items"]:
            break
    assert counts.RUNNING in found[:2]
    assert len(found) == len(set(found)) == page["total"]
