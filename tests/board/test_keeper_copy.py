"""What the board serves without a database: the last picture, and the copy on the disk."""

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from portal.board.copy import EVERY, Copy
from portal.board.publish import REFRESH_EVERY
from tests.board.keeping import ENDS
from tests.board.pictures import banner, picture
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


def test_without_a_database_the_last_picture_goes_on(world):
    world.board.current(NOW)
    world.database.is_away = True
    world.still.advance(seconds=1)
    stale = world.board.current(world.still.now()).picture
    assert (stale.stale_since, stale.generated_at) == (NOW, NOW)
    assert stale.valid_until == ENDS
    world.still.advance(seconds=1)
    assert world.board.current(world.still.now()).picture is stale
    world.still.moment = stale.valid_until - TICK
    assert world.board.current(world.still.now()).picture is stale
    world.still.moment = stale.valid_until
    moved = world.board.current(world.still.now()).picture
    assert moved is not stale
    assert [one.status for one in moved.banners] == ["resolved"]
    assert moved.stale_since == stale.stale_since
    assert world.board.rebuilds == 1
    assert world.board.age_seconds == HOUR.total_seconds()
    world.database.is_away = False
    world.still.advance(seconds=1)
    fresh = world.board.current(world.still.now()).picture
    assert (fresh.stale_since, world.board.rebuilds) == (None, 2)


def test_a_start_without_a_database_has_the_copy(world):
    world.database.is_away = True
    assert world.board.current(NOW) is None
    world.board.refresh()
    assert world.board.seconds_left == REFRESH_EVERY.total_seconds()
    confirmed_at = NOW - HOUR / 2
    kept = picture(banner(ends_at=NOW - TICK), generated_at=NOW - HOUR)
    world.shelf.kept = (kept, confirmed_at)
    world.still.advance(seconds=1)
    shown = world.board.current(world.still.now()).picture
    assert (shown.stale_since, world.board.confirmed_at) == (confirmed_at, confirmed_at)
    assert [one.status for one in shown.banners] == ["resolved"]


def test_a_look_that_waited_for_a_timeout_is_not_repeated_at_once(world):
    world.board.current(NOW)
    world.database.is_away = True
    later = NOW + timedelta(seconds=1)
    world.still.moment = NOW + timedelta(seconds=9)
    world.board.current(later)
    assert world.board._refreshed_at == NOW + timedelta(seconds=9)


@pytest.mark.parametrize(
    ("step", "is_dated", "why"),
    [
        (timedelta(0), False, "it was written just now"),
        (EVERY - TICK, False, "less than a minute ago"),
        (EVERY, True, "a minute ago"),
        (-EVERY, True, "a clock that was set back"),
    ],
)
def test_when_it_is_noted_that_the_copy_still_holds(tmp_path: Path, step, is_dated, why):
    copy, shown = Copy(tmp_path / "board.json"), picture(banner("first"))
    copy.keep(shown, NOW)
    copy.keep(shown, NOW + step)
    assert copy.load() == (shown, NOW + step if is_dated else NOW), why
    assert (tmp_path / "board.json").stat().st_mode & 0o777 == 0o600


def test_another_picture_is_written_at_once(tmp_path: Path):
    copy = Copy(tmp_path / "board.json")
    copy.keep(picture(banner("first")), NOW)
    copy.keep(picture(banner("second")), NOW + TICK)
    shown, confirmed_at = copy.load() or (None, NOW)
    assert shown is not None
    assert [one.ref for one in shown.banners] == ["second"]
    assert confirmed_at == NOW + TICK


def test_a_copy_that_cannot_be_had_is_none(tmp_path: Path):
    assert Copy(tmp_path / "nothing.json").load() is None
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    assert Copy(bad).load() is None
    lost = Copy(tmp_path / "no" / "folder.json")
    lost.keep(picture(), NOW)
    assert lost.load() is None
    assert lost._kept is None


@pytest.mark.parametrize(
    ("kept_at", "is_of_disk"), [(NOW + HOUR / 2, True), (NOW, True), (NOW - HOUR, False)]
)
def test_of_an_inherited_picture_and_the_copy_the_later_one_is_shown(world, kept_at, is_of_disk):
    """A process that comes back was forked from one that has looked long ago."""
    world.board.refresh()
    world.shelf.kept = (picture(banner(title="of the disk")), kept_at)
    world.database.is_away = world.board.is_inherited = True
    world.still.advance(minutes=45)
    world.board.refresh()
    shown = world.board.current().picture
    assert any(one.title == "of the disk" for one in shown.banners) is is_of_disk
    assert world.board.confirmed_at == (kept_at if is_of_disk else NOW)
    assert not world.board.is_inherited


@pytest.mark.parametrize("was_inherited", [False, True])
@pytest.mark.parametrize("kept_at", [NOW, NOW + HOUR / 2])
def test_a_picture_of_its_own_does_not_give_way_to_the_copy(world, was_inherited, kept_at):
    """Whoever has looked knows what is true, and moves it on; however new the copy is."""
    world.board.is_inherited = was_inherited
    world.board.refresh()
    assert not world.board.is_inherited
    world.shelf.kept = (picture(banner(title="of the disk")), kept_at)
    world.database.is_away = True
    world.still.advance(minutes=45)
    world.board.refresh()
    assert [one.title for one in world.board.current().picture.banners] == ["m-1"]
    assert world.board.confirmed_at == NOW


def test_why_a_copy_was_not_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    copy, shown = Copy(tmp_path / "board.json"), picture()
    with capture_logs() as logs, monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        copy.keep(shown, NOW)
    assert [(one["event"], one["error"]) for one in logs] == [
        ("board.copy_not_kept", os.strerror(errno.ENOSPC))
    ]
    copy.keep(shown, NOW)
    assert copy.load() == (shown, NOW), "it is tried again at the next look"
