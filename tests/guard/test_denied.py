"""Whom the perimeter turns away, who is throttled, and who keeps the panel."""

import json

import pytest

from portal.guard.blocks import Kind
from portal.guard.chain import Passed
from portal.guard.perimeter import Denied
from tests.guard.world import World, call, head, held, passed, ready

pytestmark = pytest.mark.unit


def test_a_blocked_address_is_turned_away_before_it_is_counted(world: World):
    world.denied = held()
    found = ready(world.chain().judge(head("/a/b/c/d", "POST")))
    assert (found.status, world.log) == (403, ["perimeter", "refused"])
    assert ("Retry-After", "90") in found.headers
    assert ("Connection", "close") in found.headers
    body = json.loads(found.body)
    assert body["detail"] == "This address is blocked for another 1 min 30 s."
    assert (body["reference"], body["status"], body["title"]) == ("ref", 403, "Forbidden")
    assert world.seen["route"] == "POST /a/b"


def test_nothing_is_looked_up_for_who_is_turned_away(world: World):
    """A rare answer is made when it is asked for, which takes longer than a refusal may."""
    world.denied = held()
    ready(world.chain().judge(head("/")))
    assert world.log == ["perimeter", "refused"]


def test_a_foreign_origin_is_turned_away(world: World):
    world.denied = Denied(None, "https://evil.example")
    found = ready(world.chain().judge(head("/panel", headers={"cookie": "session=x"})))
    assert found.status == 403
    assert ("Vary", "Origin") in found.headers
    assert not any(name == "Retry-After" for name, _ in found.headers)


def test_a_throttled_address_has_a_tenth(world: World):
    world.denied = held(Kind.THROTTLE)
    found = passed(world.chain().judge(head("/x")))
    assert (world.seen["share"], found.denied) == (10, None)
    ready(world.chain().judge(head("/")))
    assert world.learned == [], "its next poll goes the whole way"
    world.denied = None
    ready(world.chain().judge(head("/")))
    assert len(world.learned) == 1


@pytest.mark.parametrize(
    ("path", "cookie", "is_let_in", "why"),
    [
        ("/panel", "a=1; session=x", True, "an operator may be behind it"),
        ("/panel/blocks", "session=x", True, "on any page of the panel"),
        ("/panel", "a=1", False, "nobody who signed in"),
        ("/panel", None, False, "no cookie at all"),
        ("/x", "session=x", False, "elsewhere it does not count"),
    ],
)
def test_an_operator_on_a_blocked_address_keeps_the_panel(
    world: World, path, cookie, is_let_in, why
):
    world.denied = held()
    headers = {"cookie": cookie} if cookie else {}
    verdict = world.chain().judge(head(path, headers=headers))
    assert isinstance(verdict, Passed) is is_let_in, why
    if isinstance(verdict, Passed):
        assert (verdict.denied, world.seen["share"]) == (world.denied, 1)


def test_flask_is_told_of_a_block_that_it_is_to_judge(world: World):
    world.denied = held()
    call(world.chain(), "/panel", HTTP_COOKIE="session=x")
    assert world.seen["environ"]["portal.denied"] is world.denied
