"""Ready answers go out without Flask, and tell who has one that it is the same."""

import json

import pytest

from portal.guard.limits import Decision
from tests.guard.world import World, call, head, ready

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("remaining", "is_told"), [(7, False), (6, False), (5, True), (0, True)])
def test_a_ready_answer_tells_the_limit_to_who_has_used_half_of_it(
    world: World, remaining: int, is_told: bool
):
    """Caches share such an answer between clients."""
    world.decision = Decision(True, remaining, 30)
    found = ready(world.chain().judge(head("/")))
    assert (("RateLimit-Remaining", str(remaining)) in found.headers) is is_told
    assert any(name == "RateLimit-Limit" for name, _ in found.headers) is is_told


@pytest.mark.parametrize(
    ("tag", "status"),
    [('W/"tag"', 304), ('"x", W/"tag"', 304), ('W/"other"', 200), (None, 200), ("", 200)],
)
def test_who_has_it_is_told_so(world: World, tag, status):
    found = ready(world.chain().judge(head("/", headers={"if-none-match": tag})))
    assert found.status == status
    assert found.body == (b"" if status == 304 else b"body")


@pytest.mark.parametrize(("reset", "seconds"), [(30, "30"), (1, "1"), (0, "1")])
def test_too_many_are_told_when_to_come_back(world: World, reset, seconds):
    world.decision = Decision(False, 0, reset)
    found = ready(world.chain().judge(head("/")))
    assert found.status == 429
    assert ("Retry-After", seconds) in found.headers
    assert json.loads(found.body)["detail"] == (
        f"More than 10 requests in 60 seconds. Try again in {seconds} seconds."
    )
    assert ("X-Frame-Options", "DENY") in found.headers


def test_ready_answers_go_out_without_flask(world: World):
    status, headers, body = call(world.chain(), "/")
    assert (status, body, headers["ETag"]) == ("200 OK", b"body", 'W/"tag"')
    assert "flask" not in world.log
    _, _, body = call(world.chain(), "/", HTTP_IF_NONE_MATCH='W/"tag"')
    assert body == b""
