"""The calendar has public windows and those called off; on values alone."""

import icalendar
import pytest

from portal.board import calendars
from tests.board.documents import BARE, SITE
from tests.board.pictures import banner, picture
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


def test_the_calendar_has_public_windows_and_those_called_off():
    shown = picture(
        banner("m-1", zone="Europe/Berlin", published_at=NOW - 5 * HOUR, version=3),
        banner("m-2", resolved_at=NOW, published_at=NOW - 5 * HOUR, starts_at=NOW - 2 * HOUR),
        banner("m-3", ends_at=None, starts_at=NOW - 3 * HOUR),
        banner("mail", channels=["email"], starts_at=NOW - 4 * HOUR),
        banner("admin", audiences=["admin"]),
        banner("said", kind="announcement"),
        cancelled=(
            banner("m-4", resolved_at=NOW, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
            banner("m-5", resolved_at=NOW, audiences=["admin"]),
            banner("m-6", resolved_at=NOW, starts_at=NOW + 3 * HOUR, ends_at=None),
        ),
    )
    made = icalendar.Calendar.from_ical(calendars.whole(shown, SITE)[1])
    found = {str(one["uid"]).partition("@")[0]: one for one in made.walk("VEVENT")}
    assert list(found) == ["mail", "m-3", "m-2", "m-1", "m-4", "m-6"]
    stamps = {name: one.decoded("dtstamp") for name, one in found.items()}
    assert stamps["m-1"] == NOW - 5 * HOUR
    assert stamps["m-2"] == NOW
    assert stamps["m-3"] == NOW - 3 * HOUR
    ends = {name: one.decoded("dtend") for name, one in found.items()}
    assert (ends["m-1"], ends["m-2"], ends["m-3"]) == (NOW + HOUR, NOW, NOW - 3 * HOUR)
    assert (ends["m-4"], ends["m-6"]) == (NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert found["m-1"].decoded("dtstart").hour == 11
    assert not any("TZID" in one["dtstart"].params for one in found.values())
    assert [str(found[name]["status"]) for name in ("m-1", "m-4")] == ["CONFIRMED", "CANCELLED"]
    assert int(found["m-1"]["sequence"]) == 3
    assert str(found["m-1"]["url"]) == "https://status.example/maintenance/m-1"
    assert str(found["m-1"]["uid"]) == "m-1@status.example"
    bare = icalendar.Calendar.from_ical(calendars.whole(shown, BARE)[1]).walk("VEVENT")[0]
    assert "url" not in bare
    assert str(bare["uid"]) == "mail@portal.invalid"


def test_the_calendar_of_a_window_has_that_one_alone():
    shown = picture(banner("m-1"), banner("m-2"), cancelled=(banner("m-3"),))
    for ref, status in (("m-2", "CONFIRMED"), ("m-3", "CANCELLED")):
        made = icalendar.Calendar.from_ical(calendars.of_window(shown, SITE, ref)[1])
        (one,) = made.walk("VEVENT")
        assert (str(one["uid"]), str(one["status"])) == (f"{ref}@status.example", status)
