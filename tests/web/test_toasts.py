"""After an act: what is true now, and Undo for a while, for whoever acted and nobody else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.roles import Role
from portal.guard.blocks import Block
from portal.notify import outbox
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.components import ComponentIn, State
from portal.status.notices import Notice
from portal.status.windows import Window, WindowIn, WindowStatus
from portal.unit_of_work import UNDO_WITHIN, By
from tests.clocks import StandingClock
from tests.people import Person
from tests.processes import ROOT
from tests.sites import Site
from tests.web.pages import KEY, recorded, text_of

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def toast_of(person: Person, page: str = "/panel/runbook") -> str:
    """The toast of the next page; it is said once."""
    text = text_of(person.client.get(page))
    found = re.search(r"<div class=\"toast\".*?</div>", text, re.DOTALL)
    return found[0] if found else ""


def undo(person: Person, toast: str, **more: Any) -> Any:
    path = re.search(r'action="([^"]+)"', toast)
    note = re.search(r'name="note" value="([^"]+)"', toast)
    assert path, toast
    assert note, toast
    return person.post(path[1], note=note[1], **more)


def only(site: Site, table: Any) -> Any:
    with site.portal.core.open_session() as session:
        return session.scalars(select(table)).one()


def notices(site: Site) -> list[str]:
    with site.portal.core.open_session() as session:
        rows = session.scalars(select(Notice).order_by(Notice.id))
        return [f"{row.kind} {row.event}" for row in rows]


def window(site: Site, **times: Any) -> Window:
    times.setdefault("ends_at", clock.now() + timedelta(hours=2))
    return site.portal.status.windows.schedule(By("eve"), WindowIn(title="Failover", **times))


def times_of(row: Window) -> tuple[Any, ...]:
    return (row.starts_at, row.ends_at, row.first_ends_at, row.ended_at, row.cancelled_at)


def test_a_toast_says_what_is_true_and_is_said_once(site: Site, person: Person):
    answer = person.post("/panel/windows/now", duration="30m", key=KEY)
    assert answer.status_code == 303
    toast = toast_of(person)
    assert "Maintenance runs until 12:30 UTC." in toast
    assert "Undo" in toast
    assert toast_of(person) == ""


@pytest.mark.parametrize(
    ("action", "begins", "said"),
    [
        ("extend", 0, "runs until 14:15 UTC"),
        ("end", 0, "has ended"),
        ("start", 1, "runs until 13:00 UTC"),
        ("cancel", 1, "is cancelled"),
    ],
)
def test_an_act_on_a_window_is_taken_back_whole(
    site: Site, person: Person, action: str, begins: int, said: str
):
    row = window(site, starts_at=clock.now() + timedelta(hours=begins))
    duration = {"duration": "15m"} if action == "extend" else {}
    person.post(f"/panel/windows/{row.reference}/act", action=action, version=1, **duration)
    assert times_of(only(site, Window)) != times_of(row)
    toast = toast_of(person)
    assert said in toast
    assert undo(person, toast).status_code == 303
    assert times_of(only(site, Window)) == times_of(row)
    assert toast_of(person).count("Undone.") == 1
    assert recorded(site, "maintenance.window.undone")[0].actor == person.name


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


def test_a_window_that_was_just_made_is_called_off(site: Site, person: Person):
    person.post("/panel/windows/now", duration="30m", key=KEY)
    undo(person, toast_of(person))
    assert only(site, Window).status_at(clock.now()) is WindowStatus.CANCELLED
    assert notices(site) == []


@pytest.mark.parametrize("act", ["extend", "raise", "remove"])
def test_an_act_on_a_block_is_taken_back(site: Site, person: Person, act: str):
    person.post("/panel/blocks", scope="ip", value="203.0.113.7", duration="1h", reason="x")
    assert "203.0.113.7 is blocked until" in toast_of(person)
    row = only(site, Block)
    person.post(f"/panel/blocks/{row.id}/act", action=act, duration="24h", version=1)
    assert undo(person, toast_of(person)).status_code == 303
    again = only(site, Block)
    assert (again.until, again.kind, again.removed_at) == (row.until, row.kind, None)


def test_a_new_block_is_lifted_and_a_second_one_in_its_place_is_not_touched(
    site: Site, person: Person
):
    block = {"scope": "ip", "value": "203.0.113.7", "duration": "1h", "reason": "x"}
    person.post("/panel/blocks", **block)
    undo(person, toast_of(person))
    assert "is not blocked" in toast_of(person)
    person.post("/panel/blocks", **block)
    with site.portal.core.open_session() as session:
        second = session.scalars(select(Block).where(Block.removed_at.is_(None))).one()
    person.post(f"/panel/blocks/{second.id}/act", action="remove", version=1)
    toast = toast_of(person)
    person.post("/panel/blocks", **block)
    assert undo(person, toast).status_code == 409


def test_a_state_by_hand_and_an_announcement_are_taken_back(site: Site, person: Person):
    site.portal.status.components.add(By("eve"), ComponentIn(slug="api", name="The API"))
    site.portal.status.components.set_state(By("eve"), "api", State.DEGRADED)
    person.post("/panel/components/api/state", state="major_outage")
    toast = toast_of(person)
    assert "The API is set to major outage." in toast
    undo(person, toast)
    assert "degraded performance" in toast_of(person)

    site.portal.status.announcements.create(
        By("eve"), AnnouncementIn(title="Slow mail", status="active")
    )
    person.post("/panel/announcements/slow-mail/status", status="resolved")
    undo(person, toast_of(person))
    assert only(site, Announcement).resolved_at is None
    assert "Undone. Slow mail is published." in toast_of(person)


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


def test_an_undo_is_for_whoever_acted_and_for_a_while(
    site: Site, person: Person, still: StandingClock
):
    row = window(site)
    path = f"/panel/windows/{row.reference}/act"
    person.post(path, action="extend", duration="15m", version=1)
    toast = toast_of(person)
    other = site.signed_in(Role.ADMIN)
    assert undo(other, toast).status_code == 400
    note = re.search(r'name="note" value="([^"]+)"', toast)
    assert note
    elsewhere = window(site)
    wrong = person.post(f"/panel/windows/{elsewhere.reference}/undo", note=note[1])
    assert wrong.status_code == 400
    assert person.post(f"/panel/windows/{row.reference}/undo", note="x").status_code == 400
    assert person.post(f"/panel/windows/{row.reference}/undo").status_code == 400
    # Somebody else acted since: theirs is not taken back with it.
    other.post(path, action="extend", duration="30m", version=2)
    assert undo(person, toast).status_code == 412


@pytest.mark.parametrize(("seconds", "status"), [(10, 303), (30, 303), (31, 410), (-31, 410)])
def test_an_undo_that_comes_late_changes_nothing(
    site: Site, person: Person, still: StandingClock, seconds: int, status: int
):
    row = window(site)
    before = times_of(only(site, Window))
    person.post(f"/panel/windows/{row.reference}/act", action="extend", duration="15m", version=1)
    toast, after = toast_of(person), times_of(only(site, Window))
    still.advance(seconds=seconds)
    assert undo(person, toast).status_code == status
    assert times_of(only(site, Window)) == (before if status == 303 else after)


def test_the_panel_offers_an_undo_for_as_long_as_subscribers_are_not_told():
    script = (ROOT / "static/js/panel.js").read_text()
    found = re.search(r"TOAST_MS = (\d+)", script)
    assert found
    assert int(found.group(1)) == UNDO_WITHIN.total_seconds() * 1000


def test_with_htmx_the_toast_comes_with_the_cards(site: Site, person: Person):
    answer = person.client.post(
        "/panel/windows/now",
        data={"csrf_token": person.csrf(), "duration": "30m", "key": KEY},
        headers={"HX-Request": "true"},
    )
    text = text_of(answer)
    assert 'id="toast" hx-swap-oob="innerHTML"' in text
    assert "Maintenance running" in text
    assert toast_of(person) == ""


def test_an_error_in_the_panel_keeps_its_navigation(person: Person):
    page = text_of(person.client.get("/panel/windows/m-nothing", headers=BROWSER), 404)
    assert 'aria-label="Sections"' in page
    assert "Nothing has that reference." in page


def test_an_ended_session_says_so_and_comes_back_to_the_form(site: Site, person: Person):
    person.client.set_cookie(site.settings.session_cookie, "gone")
    for posted, page in {
        "/panel/windows/new": "/panel/windows/new",
        "/panel/windows/m-1": "/panel/windows/m-1",
        "/panel/incidents/INC-2030-0001/updates": "/panel/incidents/INC-2030-0001",
        "/panel/blocks": "/panel",
        "/panel/snapshot": "/panel",
    }.items():
        answer = person.client.post(posted, data={})
        assert answer.headers["Location"] == f"/panel/login?ended=1&next={page}"
    page = text_of(person.client.get("/panel/login?ended=1&next=/panel/windows/new"))
    assert "Your session has ended." in page
    stranger = site.client().get("/panel/maintenance")
    assert stranger.headers["Location"] == "/panel/login?next=/panel/maintenance"
