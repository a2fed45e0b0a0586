"""Windows: what can be done to them when, on both databases."""

from datetime import timedelta

import pytest

from portal.status import windows
from portal.status.registry import Once, ReusedKeyError, StaleVersionError
from portal.status.terms import RuleError
from portal.status.windows import WindowAct, WindowIn, WindowStatus
from tests.conftest import START, Site, StandingClock

HOUR = timedelta(hours=1)


def wish(**values) -> WindowIn:
    return WindowIn(**{"title": "Upgrade", "ends_at": START + HOUR, **values})


def test_start_extend_and_end(either: Site, still: StandingClock):
    registry = either.portal.status.registry
    row = registry.open_window(wish(), actor="ada")
    assert row.status_at(START) is WindowStatus.ACTIVE
    longer = registry.act_on_window(
        row.reference, WindowAct(action="extend", duration="30m"), version=1, actor="ada"
    )
    assert longer.ends_at == START + 1.5 * HOUR
    assert longer.first_ends_at == START + HOUR
    still.advance(minutes=20)
    over = registry.act_on_window(row.reference, WindowAct(action="end"), version=2, actor="ada")
    assert over.status_at(still.now()) is WindowStatus.ENDED
    assert over.ends_at == START + 1.5 * HOUR


# action, minutes after the window's start, its status then
REFUSED = [
    ("start", 10, "it runs"),
    ("cancel", 10, "it runs"),
    ("end", -10, "it has not begun"),
    ("extend", 70, "it is over"),
    ("end", 70, "it is over"),
]


@pytest.mark.parametrize(("action", "minutes", "why"), REFUSED)
def test_an_act_that_does_not_fit_is_refused(
    site: Site, still: StandingClock, action, minutes, why
):
    registry = site.portal.status.registry
    begin = START + HOUR
    row = registry.open_window(wish(starts_at=begin, ends_at=begin + HOUR), actor="ada")
    still.advance(minutes=60 + minutes)
    act = WindowAct(action=action, duration="5m" if action == "extend" else None)
    with pytest.raises(RuleError):
        registry.act_on_window(row.reference, act, version=None, actor="ada")


def test_starting_early_keeps_the_length(site: Site, still: StandingClock):
    registry = site.portal.status.registry
    row = registry.open_window(wish(starts_at=START + HOUR, ends_at=START + 3 * HOUR), actor="ada")
    begun = registry.act_on_window(row.reference, WindowAct(action="start"), version=1, actor="a")
    assert (begun.starts_at, begun.ends_at) == (START, START + 2 * HOUR)


@pytest.mark.parametrize("duration", [None, "", "soon", "-5m", "9999999999d", "0m", "400d"])
def test_extending_wants_a_duration(site: Site, still: StandingClock, duration):
    row = site.portal.status.registry.open_window(wish(), actor="ada")
    with pytest.raises(RuleError):
        site.portal.status.registry.act_on_window(
            row.reference, WindowAct(action="extend", duration=duration), version=1, actor="a"
        )


def test_overlaps_are_named(either: Site, still: StandingClock):
    registry = either.portal.status.registry
    first = registry.open_window(wish(), actor="ada")
    second = registry.open_window(wish(title="Other"), actor="ada")
    apart = registry.open_window(
        wish(starts_at=START + HOUR, ends_at=START + 2 * HOUR), actor="ada"
    )
    with either.portal.core.open_session() as session:
        assert windows.overlapping(session, second) == [first.reference]
        assert windows.overlapping(session, apart) == []


@pytest.mark.fault(16)
def test_two_with_one_version_change_it_once(either: Site, still: StandingClock):
    registry = either.portal.status.registry
    row = registry.open_window(wish(), actor="ada")
    act = WindowAct(action="extend", duration="30m")
    registry.act_on_window(row.reference, act, version=1, actor="ada")
    with pytest.raises(StaleVersionError):
        registry.act_on_window(row.reference, act, version=1, actor="bob")


@pytest.mark.fault(17)
def test_a_key_is_kept_with_the_act(either: Site, still: StandingClock):
    registry = either.portal.status.registry
    once = Once("k", b"request", lambda row: {"reference": row.reference})
    row = registry.open_window(wish(), actor="ada", once=once)
    assert registry.kept_reply("k", b"request").body == {"reference": row.reference}
    with pytest.raises(ReusedKeyError):
        registry.kept_reply("k", b"another")
