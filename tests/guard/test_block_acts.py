"""Blocks act by act: what is added, raised, extended and removed by hand."""

import pytest
from sqlalchemy import select

from portal.audit import search
from portal.errors import NotFoundError, RuleError, StaleVersionError
from portal.guard.blocks import LONGEST, AlreadyBlockedError, BlockAct, BlockIn, Blocks
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.guard.blocks import WHO, act, add, logged
from tests.instants import HOUR, MINUTE, NOW, TICK


def test_a_block_lasts_as_long_as_was_said(writer: Blocks):
    assert add(writer).until == NOW + HOUR
    assert add(writer, "192.0.2.2", duration=None, until=NOW + MINUTE).until == NOW + MINUTE
    row = add(writer, "192.0.2.3", force=True, kind="throttle")
    assert (row.is_forced, row.kind, row.source, row.version) == (True, "throttle", "manual", 1)
    assert (row.removed_at, row.expiry_noted, row.created_at) == (None, False, NOW)
    for until in (NOW, NOW + LONGEST + TICK):
        with pytest.raises(RuleError) as caught:
            add(writer, "192.0.2.4", duration=None, until=until)
        assert caught.value.field == "until"


def test_the_same_is_blocked_once_at_a_time(writer: Blocks, still: StandingClock):
    first = add(writer)
    with pytest.raises(AlreadyBlockedError) as caught:
        add(writer)
    assert caught.value.current.id == first.id
    add(writer, f"ip:{WHO}", scope="key")
    still.advance(hours=1)
    second = add(writer)
    writer.remove(By("ada"), second.id)
    assert add(writer).id not in {first.id, second.id}


@pytest.mark.parametrize("action", ["extend", "raise"])
def test_one_that_ran_out_does_not_come_back_beside_another(
    writer: Blocks, still: StandingClock, action: str
):
    old = add(writer)
    still.advance(hours=1)
    new = add(writer)
    with pytest.raises(AlreadyBlockedError) as caught:
        act(writer, old.id, action, duration="2h")
    assert caught.value.current.id == new.id
    writer.remove(By("ada"), new.id)
    assert act(writer, old.id, action, duration="2h").until > still.now()


def test_a_new_block_ends_the_one_that_ran_out_on_record(writer: Blocks, still: StandingClock):
    old = add(writer)
    still.advance(hours=1)
    add(writer)
    assert writer.note_expired() == 0
    with writer.open_session() as session:
        events, _ = search.search(session, event_type="perimeter.block.expired")
        assert [one.detail["block"] for one in events] == [old.id]


@pytest.mark.parametrize(
    ("passed", "action", "values", "until", "why"),
    [
        (0, "extend", {"duration": "30m"}, 90, "from where it stands"),
        (59, "extend", {"duration": "30m"}, 90, "however late"),
        (90, "extend", {"duration": "30m"}, 120, "from now when it has passed"),
        (0, "raise", {"duration": "30m"}, 60, "at least so long from now: it is longer"),
        (0, "raise", {"duration": "2h"}, 120, "now it is not"),
        (50, "raise", {"duration": "30m"}, 80, "from now, not from where it stands"),
        (0, "extend", {"until": NOW + HOUR + TICK}, 60 + 1e-6 / 60, "a moment later"),
        (0, "extend", {"until": NOW + HOUR}, None, "not later than it is"),
        (90, "extend", {"until": NOW + 90 * MINUTE}, None, "not later than now"),
        (0, "raise", {"until": NOW + HOUR}, None, "nor raised to what it is"),
        (0, "extend", {"duration": "30d"}, None, "more than a month"),
        (0, "extend", {"duration": "30m", "kind": "ban"}, None, "only raise makes it stronger"),
        (0, "extend", {"duration": "30m", "value": "x"}, None, "or other"),
        (0, "extend", {"duration": "30m", "scope": "range"}, None, "or wider"),
    ],
)
def test_until_when_a_block_is_put_off(
    writer: Blocks, still: StandingClock, passed, action, values, until, why
):
    row = add(writer)
    still.advance(minutes=passed)
    if until is None:
        with pytest.raises(RuleError):
            act(writer, row.id, action, **values)
        return
    changed = act(writer, row.id, action, **values)
    assert abs((changed.until - NOW) - until * MINUTE) < 2 * TICK, why
    assert (changed.version, changed.expiry_noted) == (2, False)
    kind, detail = logged(writer)
    assert kind == f"perimeter.block.{'raised' if action == 'raise' else 'extended'}"
    assert ("scope" in detail) is (action == "raise")


@pytest.mark.parametrize(
    ("before", "values", "field", "why"),
    [
        ({"kind": "throttle"}, {"kind": "ban"}, None, "stronger"),
        ({}, {"kind": "ban"}, None, "as strong"),
        ({}, {"kind": "throttle"}, "kind", "weaker"),
        ({}, {"scope": "range", "value": "192.0.2.0/24"}, None, "wider"),
        ({}, {"scope": "range", "value": "198.51.100.0/24"}, "value", "another"),
        ({}, {"scope": "range", "value": "2001:db8::/32"}, "value", "another family"),
        ({}, {"scope": "range", "value": "192.0.0.0/6"}, "value", "too wide"),
        ({}, {"scope": "range"}, "value", "of what width"),
        ({}, {"value": "192.0.2.0/24"}, "value", "of what kind"),
        ({}, {"scope": "ip", "value": WHO}, "scope", "no range"),
        (
            {"scope": "key", "value": f"ip:{WHO}"},
            {"scope": "range", "value": "192.0.2.0/24"},
            "scope",
            "a key has no width",
        ),
        ({}, {"scope": "range", "value": "126.0.0.0/8"}, "value", "another again"),
    ],
)
def test_how_a_block_is_raised(writer: Blocks, before, values, field, why):
    row = add(writer, **{"value": WHO, **before})
    if field is not None:
        with pytest.raises(RuleError) as caught:
            act(writer, row.id, "raise", duration="1h", **values)
        assert caught.value.field == field, why
        return
    changed = act(writer, row.id, "raise", duration="1h", **values)
    assert changed.kind == "ban"
    assert (changed.scope, changed.value) == (values.get("scope", "ip"), values.get("value", WHO))


def test_a_wider_block_is_spared_and_there_once(writer: Blocks):
    row = add(writer, "198.51.100.7")
    with pytest.raises(RuleError, match="your own"):
        act(writer, row.id, "raise", duration="1h", scope="range", value="198.51.100.0/24")
    wide = {"scope": "range", "value": "198.51.100.0/24", "force": True}
    forced = act(writer, row.id, "raise", duration="1h", **wide)
    assert forced.is_forced
    again = act(writer, row.id, "raise", duration="1h", **wide)
    assert again.version == 3
    other = add(writer, "198.51.100.8")
    with pytest.raises(AlreadyBlockedError):
        act(writer, other.id, "raise", duration="1h", **wide)


def test_who_may_act_on_what(writer: Blocks):
    row = add(writer)
    for ref, version, error in (("nothing", None, NotFoundError), (row.id, 2, StaleVersionError)):
        with pytest.raises(error):
            act(writer, ref, duration="5m", version=version)
        with pytest.raises(error):
            writer.remove(By("ada", version=version), ref)
    assert act(writer, WHO, duration="5m", version=1).id == row.id
    gone = writer.remove(By("ada", version=2), WHO, reason="why")
    assert (gone.removed_at, gone.version) == (NOW, 3)
    assert logged(writer)[1]["reason"] == "why"
    for call in (
        lambda: act(writer, row.id, duration="5m"),
        lambda: writer.remove(By("ada"), row.id),
    ):
        with pytest.raises(RuleError, match="was removed"):
            call()
    with pytest.raises(NotFoundError):
        act(writer, WHO, duration="5m")


def test_each_act_keeps_its_answer(writer: Blocks):
    def once(key: str) -> By:
        return By("a", key=IdempotencyKey(key, b"r", lambda row: {"id": row.id}))

    given = BlockIn(scope="ip", value=WHO, reason="r", duration="1h")
    row = writer.add(once("add"), given, caller="")
    more = BlockAct(action="extend", duration="5m")
    writer.act(once("act"), row.id, more, caller="")
    writer.remove(once("remove"), row.id)
    with writer.open_session() as session:
        kept = session.scalars(select(StoredResponse)).all()
    assert [one.body for one in kept] == [{"id": row.id}] * 3
