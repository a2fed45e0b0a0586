"""Undo for a while: an act is taken back whole, for whoever acted."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.roles import Role
from portal.guard.blocks import Block
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.components import ComponentIn, State
from portal.status.windows import Window, WindowStatus
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, recorded
from tests.web.toasts import notices, only, times_of, toast_of, undo, window


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


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
