"""Alerts of pressure on the limit, and of a spike of refusals; on values alone."""

from datetime import timedelta

import pytest

from portal.runtime import snapshot
from tests.instants import MINUTE, TICK
from tests.runtime.calm import NOW, calm, hold, limit, only, refusals

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("hits", "ratio", "holds", "why"),
    [
        (50, 0.11, True, "more than a tenth of enough requests"),
        (49, 0.9, False, "too few to tell"),
        (50, 0.1, False, "a tenth is still all right"),
        (50, 0.0, False, "nobody was refused"),
    ],
)
def test_pressure_on_the_limit(hits, ratio, holds, why):
    found = hold(rate_limit=limit(hits=hits, blocked=7, blocked_ratio=ratio))
    assert bool(found) is holds, why
    if holds:
        one = found[0]
        assert (one.id, one.value, one.since) == ("rate-limit-pressure", ratio, NOW - MINUTE)
        assert one.labels == {"key": "", "blocked": "7"}


def test_pressure_names_the_busiest_key():
    one = only(rate_limit=limit(hits=50, blocked_ratio=0.5, busiest_key="ip:192.0.2.1"))
    assert one.labels["key"] == "ip:192.0.2.1"


@pytest.mark.parametrize(
    ("late", "ago", "value", "why"),
    [
        (20, timedelta(0), 20, "enough of them now"),
        (19, timedelta(0), None, "one too few"),
        (20, 5 * MINUTE, 20, "five minutes are within"),
        (20, 5 * MINUTE + TICK, None, "a moment more is not"),
    ],
)
@pytest.mark.parametrize("defence", ["waf", "perimeter"])
def test_a_spike_of_refusals(defence, late, ago, value, why):
    recent = [*refusals(late, ago), *refusals(30, 6 * MINUTE, "192.0.2.9")]
    shown = calm()
    found = hold(
        **{
            "waf": {"waf": shown.waf.model_copy(update={"recent_blocks": recent})},
            "perimeter": {"perimeter": shown.perimeter.model_copy(update={"recent": recent})},
        }[defence]
    )
    if value is None:
        assert found == [], why
        return
    one = found[0]
    assert (one.id, one.value, one.since) == (f"{defence}-spike", value, NOW - ago), why
    assert one.labels == {"address": "192.0.2.1"}


def test_a_spike_holds_since_its_first_refusal():
    recent = refusals(10, MINUTE) + refusals(10, 3 * MINUTE)
    shown = calm().waf.model_copy(update={"recent_blocks": recent})
    assert only(waf=shown).since == NOW - 3 * MINUTE


def test_the_key_nearest_to_its_limit():
    near = [
        snapshot.NearKey(key="ip:a", hits=290, limit=300, used=0.9666),
        snapshot.NearKey(key="ip:b", hits=250, limit=300, used=0.8333),
    ]
    one = only(rate_limit=limit(near))
    assert (one.id, one.value, one.since) == ("rate-limit-near", 96.7, NOW - MINUTE)
    assert one.labels == {"key": "ip:a", "keys": "2"}
