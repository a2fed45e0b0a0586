"""The calendar as readers have it: its events keep their names, and are right in every zone."""

from datetime import UTC, datetime, timedelta

import icalendar

from portal.board import banners, calendars, site
from portal.board.picture import Picture
from portal.status.windows import Action, WindowAct, WindowIn
from portal.unit_of_work import By
from tests import rows
from tests.board.document_site import body
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.sites import Site


def test_the_calendar_keeps_its_uids_raises_its_sequence_and_tells_what_is_off(
    lived: Site, still: StandingClock
):
    def events() -> dict[str, icalendar.Event]:
        parsed = icalendar.Calendar.from_ical(body(lived, "/calendar.ics"))
        assert parsed.walk("VTIMEZONE") == []
        return {str(one["uid"]): one for one in parsed.walk("VEVENT")}

    ((uid, event),) = events().items()
    reference = uid.removesuffix("@status.example")
    assert str(event["summary"]) == "Upgrade; part 1, of 2"
    start = event.decoded("dtstart")
    assert start.astimezone(UTC) == datetime(2030, 6, 3, 17, 0, tzinfo=UTC)
    assert start.utcoffset() == timedelta(0)
    assert "19:00 to 03 Jun 2030, 20:00 (Europe/Berlin)" in str(event["description"])
    assert int(event["sequence"]) == 1
    assert all(len(line) <= 75 for line in body(lived, "/calendar.ics").split(b"\r\n"))
    lived.portal.status.windows.edit(
        By("op-a"),
        reference,
        WindowIn(
            title="Later",
            zone="Europe/Berlin",
            starts_at=still.moment + 7 * HOUR,
            ends_at=still.moment + 8 * HOUR,
        ),
    )
    ((same, event),) = events().items()
    assert same == uid
    assert (int(event["sequence"]), str(event["status"])) == (2, "CONFIRMED")
    lived.portal.status.windows.act(By("op-a"), reference, WindowAct(action=Action.CANCEL))
    ((same, event),) = events().items()
    assert same == uid
    assert (int(event["sequence"]), str(event["status"])) == (3, "CANCELLED")
    assert event.decoded("dtend") - event.decoded("dtstart") == HOUR


ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]


def test_every_instant_of_two_years_is_right_in_twenty_zones():
    """On values: the calendar of a picture with a window each fortnight in each zone."""
    windows = [
        banners.of_window(
            rows.window(
                reference=f"m-{number}-{zone}",
                title=zone,
                zone=zone,
                starts_at=NOW + timedelta(days=14 * number, hours=number % 24),
                ends_at=NOW + timedelta(days=14 * number, hours=number % 24 + 1),
            ),
            now=NOW,
        )
        for zone in ZONES
        for number in range(52)
    ]
    picture = Picture(revision=1, generated_at=NOW, valid_until=None, banners=tuple(windows))
    _, data = calendars.whole(picture, site.Site("Status", ""))
    events = icalendar.Calendar.from_ical(data).walk("VEVENT")
    read = {str(one["uid"]).partition("@")[0]: one.decoded("dtstart") for one in events}
    assert read == {one.ref: one.starts_at for one in windows}
    # Readers that know no zones read this as all others do.
    assert b"TZID" not in data
