"""What a refusal says, and in which shape."""

import json

import pytest

from portal.guard.refusal import Detail
from tests.guard.world import World, call, head

pytestmark = pytest.mark.unit


def test_a_problem_has_one_shape(world: World):
    made = world.chain().refuse(head(), 400, "Why.", [("X-Other", "2")])
    assert json.loads(made.body) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "Why.",
    }
    assert made.headers[:3] == [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(made.body))),
        ("Cache-Control", "no-store"),
    ]
    assert made.headers[3:] == [("X-Frame-Options", "DENY"), ("X-More", "1"), ("X-Other", "2")]
    assert world.chain().refuse(head(method="HEAD"), 400, "Why.", []).body == b""


@pytest.mark.parametrize(
    ("path", "environ", "is_anonymous", "why"),
    [
        ("/panel/x", {"HTTP_COOKIE": "session=x"}, False, "an operator's words"),
        ("/api/admin/x", {"HTTP_AUTHORIZATION": "Bearer x"}, False, "a token's"),
        ("/panel/x", {}, True, "nothing is claimed"),
        ("/panel/x", {"HTTP_COOKIE": "other=x"}, True, "another cookie"),
        ("/api/x", {"HTTP_AUTHORIZATION": "Bearer x"}, True, "where no claim is checked"),
        ("/x", {"HTTP_COOKIE": "session=x"}, True, "nor here"),
    ],
)
def test_whose_words_they_are(world: World, path, environ, is_anonymous, why):
    call(world.chain(), path, **environ)
    assert world.seen["request"].is_anonymous is is_anonymous, why


def test_a_sentence_without_figures_stands_as_it_is():
    assert str(Detail("100 % of it")) == "100 % of it"
    assert str(Detail("%(seconds)d s, 100 %%", {"seconds": 3})) == "3 s, 100 %"
