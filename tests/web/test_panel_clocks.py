"""Forms and the changes of the clocks: what is left alone stays, what is typed is meant."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts.roles import Role
from portal.status.announcements import AnnouncementIn
from portal.status.notices import Notice
from portal.status.windows import Window, WindowIn
from portal.unit_of_work import By
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, text_of, value_of

NEW_YORK = "America/New_York"


def stored(site: Site) -> list[Window]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Window).order_by(Window.starts_at)))


def events(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Notice.event).order_by(Notice.id)))


# The clocks go back on 3 November 2030 in New York, from 06:00Z on, and forward on 10 March 2030.
@pytest.mark.parametrize(
    ("starts_at", "ends_at", "zone"),
    [
        ("2030-11-03T06:15:00Z", "2030-11-03T06:45:00Z", NEW_YORK),
        ("2030-11-03T05:15:00Z", "2030-11-03T06:30:00Z", NEW_YORK),
        ("2030-11-03T05:15:27Z", "2030-11-03T05:45:59Z", NEW_YORK),
        ("2030-10-27T01:30:00Z", "2030-10-27T01:40:00Z", "Europe/Berlin"),
        ("2030-06-04T01:30:30.250Z", "2030-06-04T02:40:00Z", "Asia/Kathmandu"),
    ],
)
def test_saving_a_form_moves_no_time_that_nobody_touched(
    site: Site, person: Person, starts_at: str, ends_at: str, zone: str
):
    new = WindowIn(title="T", zone=zone, starts_at=starts_at, ends_at=ends_at)
    row = site.portal.status.windows.schedule(By("ada"), new)
    page = text_of(person.client.get(f"/panel/windows/{row.reference}"))
    form = {name: value_of(page, name) for name in ("startsAt", "endsAt", "zone")}
    more = {
        "audiences": "public",
        "channels": "email",
        "title": "T",
        "impact": "Slow",
        "version": "1",
    }
    saved = person.post(f"/panel/windows/{row.reference}", **form, **more)
    assert saved.status_code == 303, text_of(saved)
    (after,) = stored(site)
    assert (after.starts_at, after.ends_at) == (new.starts_at, new.ends_at)
    assert (after.impact, events(site)) == ("Slow", ["scheduled"])


def test_a_time_that_is_typed_anew_is_taken(site: Site, person: Person):
    new = WindowIn(
        title="T", zone=NEW_YORK, starts_at="2030-11-03T06:15:00Z", ends_at="2030-11-03T06:45:00Z"
    )
    row = site.portal.status.windows.schedule(By("ada"), new)
    form = {"title": "T", "audiences": "public", "channels": "web", "version": "1"}
    person.post(
        f"/panel/windows/{row.reference}",
        **form,
        zone=NEW_YORK,
        startsAt="2030-11-03T01:15",
        endsAt="2030-11-03T03:00",
    )
    (after,) = stored(site)
    assert after.starts_at == new.starts_at  # left as it was
    assert after.ends_at == datetime(2030, 11, 3, 8, 0, tzinfo=UTC)
    # Another zone means another instant, whatever the clock shows.
    person.post(
        f"/panel/windows/{row.reference}",
        **(form | {"version": "2"}),
        zone="UTC",
        startsAt="2030-11-03T01:15",
        endsAt="2030-11-03T03:00",
    )
    (after,) = stored(site)
    assert after.starts_at == datetime(2030, 11, 3, 1, 15, tzinfo=UTC)


def test_an_announcement_keeps_its_seconds_too(site: Site, person: Person):
    new = AnnouncementIn(
        title="T",
        status="scheduled",
        starts_at="2030-07-01T10:00:42Z",
        ends_at="2030-07-02T10:00:07Z",
    )
    row = site.portal.status.announcements.create(By("ada"), new)
    page = text_of(person.client.get(f"/panel/announcements/{row.slug}"))
    form: dict[str, Any] = {name: value_of(page, name) for name in ("startsAt", "endsAt")}
    more = {
        "audiences": "public",
        "channels": "web",
        "title": "N",
        "severity": "info",
        "version": "1",
    }
    answer = person.post(f"/panel/announcements/{row.slug}", **form, **more, status="scheduled")
    assert answer.status_code == 303
    with site.portal.core.open_session() as session:
        after = session.get(type(row), row.id)
        assert (after.title, after.starts_at, after.ends_at) == ("N", new.starts_at, new.ends_at)


def test_an_offset_that_is_typed_counts(site: Site, person: Person):
    person.post(
        "/panel/incidents/new",
        title="T",
        message="m",
        impact="minor",
        status="investigating",
        audiences="public",
        startedAt="2030-06-03T16:00+05:00",
        key=KEY,
    )
    (row,), _ = _incidents(site)
    assert row.started_at == datetime(2030, 6, 3, 11, 0, tzinfo=UTC)


def _incidents(site: Site) -> Any:
    from portal.status import incidents

    with site.portal.core.open_session() as session:
        return incidents.page(session, limit=9, offset=0)


@pytest.mark.fault(43)
def test_a_form_sent_twice_at_once_is_one_act_with_one_answer(either: Site):
    """Not on a standing clock: two threads write."""
    person = either.signed_in(Role.OPERATOR)
    token = person.csrf("/panel/runbook")
    form = {"csrf_token": token, "duration": "30m", "key": KEY}
    cookie = person.client.get_cookie("portal").value
    begin, statuses = threading.Barrier(2), []

    def send() -> None:
        client = either.client()
        client.set_cookie("portal", cookie)
        begin.wait()
        statuses.append(client.post("/panel/windows/now", data=form).status_code)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == [303, 303]
    assert len(stored(either)) == 1
