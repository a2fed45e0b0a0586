"""Feeds, the calendar, the badge and the Statuspage documents over ninety days."""

import json

import feedparser
import icalendar
import pytest

from portal.status.incidents import Progress
from tests.clocks import StandingClock
from tests.lived_in import counts
from tests.queries import counted
from tests.scale.conftest import Reader
from tests.scale.looks import READY_MADE, Look, each
from tests.sites import Site

DOCUMENTS = tuple(
    Look(path, None, 0, READY_MADE)
    for path in (
        "/feed.atom",
        "/feed.rss",
        "/history.atom",
        "/history.rss",
        "/feed.json",
        "/calendar.ics",
        "/badge.svg",
        "/api/v2/summary.json",
        "/api/v2/status.json",
        "/api/v2/components.json",
        "/api/v2/incidents.json",
        "/api/v2/incidents/unresolved.json",
        "/api/v2/scheduled-maintenances.json",
        "/api/v2/scheduled-maintenances/upcoming.json",
        "/api/v2/scheduled-maintenances/active.json",
    )
)


@pytest.mark.parametrize("look", each(DOCUMENTS))
def test_a_document_asks_nothing(lived_in: Site, reader: Reader, still: StandingClock, look: Look):
    with counted(lived_in) as queries:
        assert reader(None).get(look.path).status_code == 200
    queries.expect(look.most, look.note)


def test_the_feeds_name_what_goes_on(lived_in: Site, reader: Reader, still: StandingClock):
    open_ones = {one.reference for one in lived_in.portal.board.current().picture.open_incidents}
    for path in ("/feed.atom", "/feed.rss"):
        entries = feedparser.parse(reader(None).get(path).data).entries
        assert open_ones <= {one.link.rpartition("/")[2] for one in entries}
    items = json.loads(reader(None).get("/feed.json").data)["items"]
    assert open_ones <= {one["url"].rpartition("/")[2] for one in items}


def test_the_calendar_can_be_read_and_names_each_window_once(
    lived_in: Site, reader: Reader, still: StandingClock
):
    calendar = icalendar.Calendar.from_ical(reader(None).get("/calendar.ics").data)
    names = [str(one["UID"]) for one in calendar.walk("VEVENT")]
    assert names
    assert len(names) == len(set(names))


def test_statuspage_clients_get_all_components_and_all_that_is_unresolved(
    lived_in: Site, reader: Reader, still: StandingClock
):
    summary = reader(None).get("/api/v2/summary.json").json
    parts = [one for one in summary["components"] if not one.get("group")]
    assert len(parts) == counts.COMPONENTS - 3
    unresolved = reader(None).get("/api/v2/incidents/unresolved.json").json["incidents"]
    public = lived_in.portal.board.current().picture.open_incidents
    assert len(unresolved) == len(public)
    assert all(one["status"] != Progress.RESOLVED for one in unresolved)
    assert summary["status"]["indicator"] == "critical"
