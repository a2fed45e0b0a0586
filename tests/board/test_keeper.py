"""When the board is looked at and rebuilt, and what it serves without a database."""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal.board import components, publish
from portal.board.copy import EVERY, Copy
from portal.board.picture import Picture
from portal.board.publish import REFRESH_EVERY, Board
from portal.status.components import State
from tests.board.test_picture import HOUR, NOW, TICK, banner, picture
from tests.clocks import StandingClock

pytestmark = pytest.mark.unit
# When the one banner of each picture is over.
ENDS = NOW + HOUR


class Database:
    """A revision, and how often it was looked at; or nothing at all while it is away."""

    def __init__(self) -> None:
        self.revision, self.looks, self.is_away = 1, 0, False

    def __enter__(self) -> "Database":
        self.looks += 1
        if self.is_away:
            raise OperationalError("", {}, Exception())
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def scalar(self, _: Any) -> int:
        return self.revision


class Shelf:
    """The copy on the disk."""

    def __init__(self) -> None:
        self.kept: tuple[Picture, datetime] | None = None

    def keep(self, shown: Picture, confirmed_at: datetime) -> None:
        self.kept = (shown, confirmed_at)

    def load(self) -> tuple[Picture, datetime] | None:
        return self.kept


@pytest.fixture
def world(still: StandingClock, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    still.moment = NOW
    database, shelf = Database(), Shelf()

    def take(session: Database, *, now: Any, history: Any, number: int | None) -> Picture:
        return picture(banner(), revision=session.revision, generated_at=now, valid_until=ENDS)

    monkeypatch.setattr(publish.published, "take", take)
    board = Board(
        lambda: database,  # type: ignore[arg-type, return-value]
        lambda shown, _: SimpleNamespace(picture=shown, compress=list),  # type: ignore
        shelf,  # type: ignore[arg-type]
    )
    return SimpleNamespace(board=board, database=database, shelf=shelf, still=still)


@pytest.mark.parametrize(
    ("step", "looks", "rebuilds", "why"),
    [
        (timedelta(0), 1, 1, "it has just looked"),
        (REFRESH_EVERY - TICK, 1, 1, "not yet"),
        (REFRESH_EVERY, 2, 1, "half a second later, and nothing changed"),
        (HOUR - TICK, 2, 1, "the picture is good still"),
        (HOUR, 2, 2, "something ends"),
        (-HOUR, 2, 2, "a clock that was set back"),
    ],
)
def test_how_often_it_looks_and_rebuilds(world, step, looks, rebuilds, why):
    assert world.board.current(NOW) is not None
    assert world.board.current(NOW + step) is not None
    assert (world.database.looks, world.board.rebuilds) == (looks, rebuilds), why


def test_a_picture_whose_time_is_over_is_taken_anew_at_once(world):
    world.board.current(NOW)
    world.board._answers.picture.__dict__["valid_until"] = NOW + TICK
    world.board.current(NOW)
    assert world.database.looks == 1
    world.board.current(NOW + TICK)
    assert (world.database.looks, world.board.rebuilds) == (2, 2)


def test_a_change_is_seen_at_the_next_look(world):
    world.board.current(NOW)
    world.database.revision = 2
    assert world.board.current(NOW + REFRESH_EVERY).picture.revision == 2
    assert (world.board.revision, world.board.rebuilds) == (2, 2)
    world.database.revision = 3
    world.board.refresh()
    assert world.board.revision == 3
    # Nobody who acts waits for the copy: it is written at the next look.
    assert world.shelf.kept is None
    world.still.advance(seconds=1)
    world.board.refresh()
    assert world.shelf.kept[0].revision == 3
    assert world.shelf.kept[1] == NOW + timedelta(seconds=1)


def test_a_board_that_is_tended_does_not_look(world):
    world.board.is_supervised = True
    assert world.board.current(NOW) is None
    world.board.refresh()
    assert world.board.seconds_left == HOUR.total_seconds()
    assert world.board.current(NOW + HOUR) is not None
    assert world.database.looks == 1
    world.board.refresh()
    assert (world.database.looks, world.board.rebuilds) == (2, 1)
    world.still.advance(seconds=5)
    world.board.refresh()
    assert world.board.seconds_left == HOUR.total_seconds() - 5


def test_age_and_revision_before_and_after_the_first(world):
    assert (world.board.age_seconds, world.board.revision) == (-1.0, 0)
    world.board.current(NOW)
    world.still.advance(seconds=7)
    assert (world.board.age_seconds, world.board.revision) == (7.0, 1)
    world.still.advance(seconds=-60)
    assert world.board.age_seconds == 0.0


def test_while_one_rebuilds_the_others_go_on_with_what_there_is(world):
    first = world.board.current(NOW)
    world.database.revision = 2
    found = []
    with world.board._one_at_a_time:
        thread = threading.Thread(target=lambda: found.append(world.board.current(NOW + HOUR)))
        thread.start()
        thread.join(2)
        assert found == [first]
    thread.join()


def test_whoever_waited_for_the_first_does_not_look_again(world):
    class Turn:
        """A lock that comes when another has made the first picture."""

        def __enter__(self) -> None:
            world.board._answers = SimpleNamespace(picture=picture())

        def __exit__(self, *_: object) -> None:
            pass

    world.board._one_at_a_time = Turn()
    assert world.board.current(NOW) is not None
    assert world.database.looks == 0


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


def test_bars_tell_days_apart_by_their_marks_and_unknown_ones_by_their_height():
    days = (State.OPERATIONAL, None, State.MAJOR, State.OPERATIONAL)
    assert components.bars(days) == (
        ("operational", "M2 0V15M14 0V15", ""),
        ("none", "M6 11V15", ""),
        ("major_outage", "M10 0V15", "M10 17.25m-1.5-1.5h3v3h-3z"),
    )


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


def test_an_act_does_not_wait_for_its_answers_to_be_compressed(world: SimpleNamespace):
    packed: list[int] = []
    world.board._publish = lambda shown, _: SimpleNamespace(
        picture=shown, compress=lambda: packed.append(shown.revision)
    )
    world.board.refresh()
    assert packed == [1], "nobody else would do it"
    world.board.is_supervised = True
    world.database.revision = 2
    world.board.refresh()
    assert world.board.current().picture.revision == 2
    assert packed == [1]
    for _ in range(2):
        world.board.confirm(2)
        assert packed == [1, 2], "by the look beside the requests, once"


def test_whoever_knows_the_revision_need_not_ask_for_it(world: SimpleNamespace):
    world.board.refresh()
    world.database.revision = 2
    world.board.confirm(1)
    assert world.board.rebuilds == 1
    world.board.confirm(2)
    assert world.board.rebuilds == 2


def test_whether_its_time_is_over(world: SimpleNamespace):
    assert world.board.is_over, "there is none yet"
    world.board.refresh()
    assert not world.board.is_over
    world.still.advance(seconds=HOUR.total_seconds() - 1)
    assert not world.board.is_over
    world.still.advance(seconds=1)
    assert world.board.is_over
