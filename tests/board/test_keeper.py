"""When the board is looked at and rebuilt."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.board.publish import REFRESH_EVERY
from tests.board.pictures import picture
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


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
    assert not world.board.is_inherited, "nor is there one of another process"
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
    asked = world.database.asked
    world.board.confirm(1)
    assert (world.board.rebuilds, world.database.asked) == (1, asked)
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
