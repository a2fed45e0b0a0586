"""What is undone in time is told to nobody; who was told already is told how it stands."""

from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.notify import outbox
from portal.status.announcements import AnnouncementIn
from portal.status.notices import Notice
from portal.status.windows import WindowIn
from portal.unit_of_work import UNDO_WITHIN, By
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.toasts import notices, toast_of, undo, window


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def test_what_is_undone_in_time_is_told_to_nobody(site: Site, person: Person, still: StandingClock):
    row = window(site)
    told = notices(site)
    person.post(f"/panel/windows/{row.reference}/act", action="end", version=1)
    assert notices(site) == [*told, "window ended"]
    undo(person, toast_of(person))
    assert notices(site) == told
    # And whoever leaves it at that is told, once the time is over.
    person.post(f"/panel/windows/{row.reference}/act", action="end", version=3)
    with site.portal.core.open_session() as session:
        session.query(Notice).filter_by(event="started").update({"addressed_at": clock.now()})
        assert not outbox.has_unaddressed(session, now=clock.now())
        assert outbox.has_unaddressed(session, now=clock.now() + UNDO_WITHIN)


def test_who_was_told_already_is_told_how_it_stands(site: Site, person: Person):
    row = window(site)
    person.post(f"/panel/windows/{row.reference}/act", action="extend", duration="15m", version=1)
    with site.portal.core.open_session() as session:
        session.query(Notice).update({"addressed_at": clock.now()})
        session.commit()
    undo(person, toast_of(person))
    assert notices(site)[-2:] == ["window extended", "window changed"]


def test_undo_takes_back_the_notice_of_its_own_act_alone(
    site: Site, person: Person, still: StandingClock
):
    row = window(site)
    path = f"/panel/windows/{row.reference}/act"
    person.post(path, action="extend", duration="15m", version=1)
    toast_of(person)
    still.advance(seconds=3)
    person.post(path, action="extend", duration="30m", version=2)
    assert notices(site) == ["window started", "window extended", "window extended"]
    undo(person, toast_of(person))
    assert notices(site) == ["window started", "window extended"]


def test_what_was_told_undone_and_is_done_again_is_told_again(site: Site, person: Person):
    row = window(site, starts_at=clock.now() + timedelta(hours=1))
    path = f"/panel/windows/{row.reference}/act"
    person.post(path, action="cancel", version=1)
    with site.portal.core.open_session() as session:
        session.query(Notice).update({"addressed_at": clock.now()})
        session.commit()
    undo(person, toast_of(person))
    person.post(path, action="cancel", version=3)
    assert notices(site)[1:] == ["window cancelled", "window changed", "window cancelled"]


def test_what_was_resolved_told_and_undone_is_told(site: Site, person: Person):
    site.portal.status.announcements.create(
        By("eve"), AnnouncementIn(title="Slow mail", status="active", channels=["web", "email"])
    )
    person.post("/panel/announcements/slow-mail/status", status="resolved")
    with site.portal.core.open_session() as session:
        session.query(Notice).update({"addressed_at": clock.now()})
        session.commit()
    undo(person, toast_of(person))
    assert [one.split()[1] for one in notices(site)] == ["published", "resolved", "published"]


def test_news_come_in_their_order_though_one_is_held(
    site: Site, person: Person, still: StandingClock
):
    row = window(site)
    person.post(f"/panel/windows/{row.reference}/act", action="extend", duration="15m", version=1)
    longer = WindowIn(title="Failover", starts_at=None, ends_at=clock.now() + timedelta(hours=5))
    site.portal.status.windows.edit(By("eve", version=2), row.reference, longer)
    with site.portal.core.open_session() as session:
        session.query(Notice).filter_by(event="started").update({"addressed_at": clock.now()})
        while outbox.address(session, [], now=clock.now()):
            pass
        left = session.query(Notice).filter(Notice.addressed_at.is_(None)).count()
    assert left == 0
