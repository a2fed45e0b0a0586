"""Where the chain finds ready answers: with the board, once that has made its first picture."""

from types import SimpleNamespace
from typing import Any

import pytest

from portal.guard import room
from portal.guard.chain import Chain
from tests.guard.world import ANSWER, World, call

pytestmark = pytest.mark.unit
SETTINGS = SimpleNamespace(trusted_hosts=(), trusted_proxies=(), session_cookie="s", prefix="")


def chain(world: World, answers: Any) -> Chain:
    parts = ("perimeter", "limits", "panels", "inspection", "undeclared")
    return room.chain(
        world.app,
        SimpleNamespace(settings=SETTINGS),  # type: ignore[arg-type]
        SimpleNamespace(**dict.fromkeys(parts, world)),  # type: ignore[arg-type]
        SimpleNamespace(current=lambda *now: answers),  # type: ignore[arg-type]
        SimpleNamespace(is_leaving=False),  # type: ignore[arg-type]
        reads=lambda path, query: query,
        static=lambda path: None,
        headers=(),
        page=lambda status, detail, reference: b"",
    )


@pytest.mark.parametrize("is_made", [True, False])
def test_without_a_picture_requests_go_on_to_flask(world: World, is_made: bool):
    answers = SimpleNamespace(find=lambda *asked: ANSWER, ready=lambda *asked: ANSWER)
    one = chain(world, answers if is_made else None)
    assert call(one, "/")[2] == (b"body" if is_made else b"flask")


@pytest.mark.parametrize("is_made", [True, False])
def test_without_a_picture_polls_go_the_whole_way(world: World, is_made: bool):
    answers = SimpleNamespace(find=lambda *asked: ANSWER, ready=lambda *asked: ANSWER)
    polls = chain(world, answers if is_made else None).polls
    polls.learn("192.0.2.1:1", None, "ip:192.0.2.1", world.state)
    found = polls.answer("/", "192.0.2.1:1", {}.get)
    assert (found is not None) is is_made
