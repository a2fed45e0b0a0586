"""Which polls are answered on the shortest way, and which go the whole one; on values alone."""

from types import SimpleNamespace

import pytest

from portal.guard.limits import Batch
from portal.guard.polls import Polls
from tests.guard.counters import limit
from tests.guard.world import ANSWER

pytestmark = pytest.mark.unit
PEER = "192.0.2.1:1000"


@pytest.mark.parametrize(
    ("peer", "headers", "is_answered", "why"),
    [
        (PEER, {}, True, "it was let in before"),
        (PEER, {"host": "status.example.com"}, True, "by the name of the portal"),
        (PEER, {"host": "elsewhere.example"}, False, "by another name"),
        (PEER, {"origin": "https://a.example"}, False, "a page asks, and pages are judged"),
        (PEER, {"origin": ""}, False, "even one that does not say which"),
        ("192.0.2.2:1000", {}, False, "nobody has seen it yet"),
        ("192.0.2.2:1000", {"origin": "https://a.example"}, False, "nor let its page in"),
    ],
)
def test_which_polls_are_answered_at_once(
    now: float, peer: str, headers: dict[str, str], is_answered: bool, why: str
):
    limits = limit("100/minute")
    limits.hit("ip:192.0.2.9", "GET /", now=now)
    limits._batches["ip:192.0.2.1"] = Batch(5, 80, now + 30)
    perimeter = SimpleNamespace(state=object())
    one = Polls(
        lambda path, header: ANSWER,
        perimeter,  # type: ignore[arg-type]
        limits,
        behind_proxies=False,
        hosts=("status.example.com",),
    )
    one.learn(PEER, None, "ip:192.0.2.1", perimeter.state)
    found = one.answer("/", peer, {"host": "status.example.com", **headers}.get)
    assert (found is not None) is is_answered, why
    assert limits._batches["ip:192.0.2.1"].left == 5 - is_answered
