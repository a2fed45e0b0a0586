"""What is added to Flask's own answers: headers, names, and what no cache keeps."""

import io
from typing import Any

import pytest

from portal.guard.head import below
from tests.guard.world import World, call

pytestmark = pytest.mark.unit


def test_what_flask_says_itself_stands_and_the_rest_is_added(world: World):
    status, headers, body = call(world.chain())
    assert (status, body) == ("200 OK", b"flask")
    assert headers["X-Frame-Options"] == "APP"
    assert (headers["X-More"], headers["Cache-Control"]) == ("1", "public")
    assert len(headers["X-Request-Id"]) == 16
    assert world.log == ["perimeter", "board", "limit", "waf", "flask"]
    assert world.seen["environ"]["portal.client"] == "192.0.2.1"
    assert "portal.denied" not in world.seen["environ"]
    assert "HTTP_HOST" not in world.seen["environ"]


@pytest.mark.parametrize("has_close", [False, True])
def test_to_head_the_whole_answer_is_made_and_closed(world: World, has_close: bool):
    closed: list[int] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(1)

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        body = world.app(environ, start)
        return Body(body) if has_close else body

    status, _, body = call(world.chain(app=app), method="HEAD")
    assert (status, body, closed) == ("200 OK", b"", [1] if has_close else [])
    assert world.seen["environ"]["REQUEST_METHOD"] == "GET"


@pytest.mark.parametrize(
    ("path", "is_private"),
    [("/panel", True), ("/api/admin/x", True), ("/api/status2", False), ("/x", False)],
)
def test_what_is_private_is_kept_by_no_cache(world: World, path, is_private):
    told: list[Any] = []
    world.chain()(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "wsgi.input": io.BytesIO(),
        },
        lambda status, headers, *_: told.extend(headers),
    )
    said = [value for name, value in told if name == "Cache-Control"]
    assert said == (["no-store"] if is_private else ["public"])


@pytest.mark.parametrize(
    ("peer", "name", "is_kept", "why"),
    [
        ("10.0.0.1", "abcdefgh", True, "a proxy of ours named it"),
        ("192.0.2.1", "abcdefgh", False, "anybody else may not"),
        ("10.0.0.1", "short", False, "too short"),
        ("10.0.0.1", "a" * 65, False, "too long"),
        ("10.0.0.1", "abcd efgh", False, "no name"),
        ("10.0.0.1", "", False, "nothing"),
    ],
)
def test_what_a_request_is_called(world: World, peer, name, is_kept, why):
    _, headers, _ = call(world.chain(), REMOTE_ADDR=peer, HTTP_X_REQUEST_ID=name)
    assert (headers["X-Request-Id"] == name) is is_kept, why
    assert world.seen["environ"]["portal.request_id"] == headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("path", "prefix", "found"),
    [
        ("/x", "", "/x"),
        ("/status/x", "/status", "/x"),
        ("/status/", "/status", "/"),
        ("/status", "/status", "/"),
        ("/status2", "/status", "/status2"),
        ("/x/status", "/status", "/x/status"),
    ],
)
def test_a_prefix_that_a_proxy_left_on_is_taken_off(path: str, prefix: str, found: str):
    assert below(path, prefix) == found
