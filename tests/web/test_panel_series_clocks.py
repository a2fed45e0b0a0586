"""Series and the changes of the clocks: zones by any name, and the hour that is left out."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.accounts.roles import Role
from portal.status.windows import Window, WindowIn
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, text_of

NEW_YORK = "America/New_York"


def stored(site: Site) -> list[Window]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Window).order_by(Window.starts_at)))


@pytest.mark.parametrize(
    ("first", "last", "starts", "length"),
    [
        ("02:30", "04:30", ["07:30", "06:30", "06:30"], timedelta(hours=2)),
        ("02:30", "03:30", ["07:30", "06:30", "06:30"], timedelta(hours=1)),
        ("04:30", "05:00", ["08:30", "08:30", "08:30"], timedelta(minutes=30)),
    ],
)
def test_a_series_that_begins_in_the_hour_left_out_keeps_its_time(
    site: Site, still: StandingClock, first: str, last: str, starts, length
):
    still.moment = datetime(2030, 3, 1, tzinfo=UTC)
    person = site.signed_in(Role.OPERATOR)
    answer = person.post(
        "/panel/windows/new",
        title="T",
        zone=NEW_YORK,
        audiences="public",
        channels="web",
        startsAt=f"2030-03-10T{first}",
        endsAt=f"2030-03-10T{last}",
        recurrence="FREQ=WEEKLY;BYDAY=SU",
        key=KEY,
    )
    assert answer.status_code == 303, text_of(answer)
    made = stored(site)[:3]
    assert [f"{one.starts_at:%H:%M}" for one in made] == starts
    assert {one.ends_at - one.starts_at for one in made} == {length}


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("utc", "UTC"), ("america/new_york", NEW_YORK), ("EUROPE/BERLIN", "Europe/Berlin")],
)
def test_zones_are_known_in_any_case(typed: str, zone: str):
    ends_at = datetime(2030, 1, 1, tzinfo=UTC)
    assert WindowIn(title="T", zone=typed, ends_at=ends_at).zone == zone


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules", "Nowhere/Land", ""])
def test_what_stands_for_no_place_is_no_zone(name: str):
    with pytest.raises(ValueError, match="time zone"):
        WindowIn(title="T", zone=name, ends_at=datetime(2030, 1, 1, tzinfo=UTC))


def test_a_time_with_spaces_around_it_is_read_in_a_series_too(site: Site, person: Person):
    answer = person.post(
        "/panel/windows/new",
        title="T",
        zone=NEW_YORK,
        audiences="public",
        channels="web",
        startsAt=" 2030-06-09T02:30 ",
        endsAt="2030-06-09T04:30 ",
        recurrence="FREQ=WEEKLY;BYDAY=SU",
        key=KEY,
    )
    assert answer.status_code == 303, text_of(answer)
    assert f"{stored(site)[0].starts_at:%H:%M}" == "06:30"
