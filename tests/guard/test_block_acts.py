"""Blocks act by act: what is added, raised, extended and removed, by hand and by itself."""

from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.audit import search
from portal.errors import NotFoundError, RuleError, StaleVersionError
from portal.guard import blocks, offences, offenders
from portal.guard.blocks import (
    LONGEST,
    LONGEST_AUTO,
    REPEATS_WITHIN,
    AlreadyBlockedError,
    Block,
    BlockAct,
    BlockIn,
    Blocks,
)
from portal.guard.offences import Offence, Offences
from portal.guard.offenders import KEPT, Offender, OffenderRow, Offenders, TopKeys
from portal.settings import AutoBlockRule
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import HOUR, MINUTE, NOW, TICK

WHO = "192.0.2.1"


@pytest.fixture
def open_session(
    open_session: Callable[[], Session], still: StandingClock
) -> Callable[[], Session]:
    return open_session


@pytest.fixture
def writer(open_session: Callable[[], Session]) -> Blocks:
    return Blocks(open_session, lambda: None, trusted=())


def add(writer: Blocks, value: str = WHO, **values: Any) -> Block:
    given = {"scope": "ip", "value": value, "reason": "r", "duration": "1h", **values}
    return writer.add(By("ada"), BlockIn(**given), caller="198.51.100.1")


def act(writer: Blocks, ref: str, action: str = "extend", **values: Any) -> Block:
    version = values.pop("version", None)
    given = BlockAct(action=action, **values)
    return writer.act(By("bob", version=version), ref, given, caller="198.51.100.1")


def logged(writer: Blocks) -> tuple[str, dict[str, Any]]:
    with writer.open_session() as session:
        (event, *_), _ = search.search(session)
    return event.type, event.detail


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


def test_one_that_was_made_by_itself_becomes_an_operators(writer: Blocks):
    row = writer.block_offender(By("portal"), WHO, offences=9, ttl=HOUR, reason="r")
    assert row is not None
    assert act(writer, row.id, "extend", duration="5m").source == "auto"
    assert act(writer, row.id, "raise", duration="5m").source == "manual"


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


@pytest.mark.parametrize(
    ("passed", "ttl", "hours", "why"),
    [
        (timedelta(minutes=30), HOUR, None, "it is blocked already"),
        (HOUR, HOUR, 2.0, "again as soon as it ends: twice as long"),
        (HOUR + REPEATS_WITHIN - TICK, HOUR, 2.0, "within a day of its end"),
        (HOUR + REPEATS_WITHIN, HOUR, 1.0, "a day later it is forgotten"),
        (HOUR, 3 * HOUR, 3.0, "never shorter than the rule says"),
    ],
)
def test_repetition_lasts_twice_as_long(
    writer: Blocks, still: StandingClock, passed, ttl, hours, why
):
    first = writer.block_offender(By("portal"), WHO, offences=9, ttl=HOUR, reason="r")
    assert first is not None
    assert first.until == NOW + HOUR
    still.moment = NOW + passed
    again = writer.block_offender(By("portal"), WHO, offences=9, ttl=ttl, reason="r")
    if hours is None:
        assert again is None, why
        return
    assert again is not None
    assert again.until - still.moment == hours * HOUR, why
    assert logged(writer)[1]["repeats"] == (1 if hours != 1.0 else 0)


def test_repetition_has_an_end(writer: Blocks, still: StandingClock):
    add(writer, duration="2d")
    still.advance(days=2)
    again = writer.block_offender(By("portal"), WHO, offences=9, ttl=HOUR, reason="r")
    assert again is not None
    assert again.until - still.moment == LONGEST_AUTO
    writer.remove(By("ada"), again.id)
    still.advance(days=3)
    fresh = writer.block_offender(By("portal"), "2001:db8::9", offences=9, ttl=HOUR, reason="r")
    assert fresh is not None
    assert (fresh.value, fresh.until - still.moment) == ("2001:db8::/64", HOUR)


def test_the_end_of_a_block_is_written_down_once(writer: Blocks, still: StandingClock):
    add(writer)
    removed = add(writer, "192.0.2.2")
    writer.remove(By("ada"), removed.id)
    add(writer, "192.0.2.3", duration="2h")
    assert writer.note_expired() == 0
    still.advance(hours=1)
    assert writer.note_expired() == 1
    assert logged(writer)[0] == "perimeter.block.expired"
    assert writer.note_expired() == 0
    row = act(writer, WHO, duration="5m")
    assert row.expiry_noted is False
    still.advance(hours=1)
    assert writer.note_expired() == 2


def test_blocks_are_listed_and_those_in_force(writer: Blocks, still: StandingClock):
    first = add(writer)
    still.advance(minutes=1)
    second = add(writer, "192.0.2.2", duration="3h")
    third = add(writer, "192.0.2.3", duration="3h")
    writer.remove(By("ada"), third.id)
    still.moment = NOW + HOUR
    with writer.open_session() as session:

        def page(only_active: bool, **how: int) -> tuple[list[str], int]:
            rows, total = blocks.page(
                session,
                now=still.now(),
                only_active=only_active,
                **{"limit": 9, "offset": 0, **how},
            )
            return [row.id for row in rows], total

        assert page(True) == ([second.id], 1)
        everything, total = page(False)
        assert (set(everything), total) == ({first.id, second.id, third.id}, 3)
        assert everything[-1] == first.id
        assert page(False, limit=1, offset=2) == ([first.id], 3)
        assert [row.id for row in blocks.active(session, now=still.now())] == [second.id]
        assert blocks.page(session, now=NOW, only_active=False, limit=1, offset=9) == ([], 3)
        found = blocks.find(session, "192.0.2.2")
        assert found is not None
        assert found.id == second.id
        assert blocks.find(session, "192.0.2.3") is None


RULE = AutoBlockRule(threshold=3, window=MINUTE, ttl=HOUR)


class Door:
    """What the counts hold on to while the database is away."""

    def __init__(self) -> None:
        self.held: list[tuple[str, Any]] = []

    def hold_locally(self, key: str, held: Any) -> None:
        self.held.append((key, held))


@pytest.fixture
def counts(writer: Blocks, open_session: Callable[[], Session]) -> Any:
    blocked: list[int] = []
    made = Offences(
        RULE,
        blocks=writer,
        perimeter=Door(),  # type: ignore[arg-type]
        counters=SimpleNamespace(auto_blocks=SimpleNamespace(inc=lambda: blocked.append(1))),  # type: ignore[arg-type]
        open_session=open_session,
        trusted=(),
    )
    made.blocked = blocked  # type: ignore[attr-defined]
    return made


def active(writer: Blocks, still: StandingClock) -> list[str]:
    with writer.open_session() as session:
        return [row.value for row in blocks.active(session, now=still.now())]


@pytest.mark.parametrize(
    ("steps", "is_blocked", "why"),
    [
        ([0, 0, 0], True, "three within a minute"),
        ([0, 0], False, "two are too few"),
        ([0, 30, 29.9], True, "just within a minute"),
        ([0, 30, 30], False, "the first is a minute old"),
    ],
)
def test_so_many_refusals_within_so_long_a_time(
    counts: Any, writer: Blocks, still: StandingClock, steps, is_blocked, why
):
    for step in steps:
        still.advance(seconds=step)
        counts.hit(WHO)
    assert (active(writer, still) == [WHO]) is is_blocked, why
    assert bool(counts.blocked) is is_blocked


def test_who_cannot_be_blocked_is_not_counted(counts: Any, writer: Blocks, still: StandingClock):
    for client in ("garbage", "127.0.0.1"):
        for _ in range(5):
            counts.hit(client)
    assert counts._fresh == {}
    counts.rule = None
    for _ in range(5):
        counts.hit(WHO)
    counts.flush()
    assert counts._fresh == {}


def test_counts_of_several_processes_add_up(counts: Any, writer: Blocks, still: StandingClock):
    counts.hit(WHO)
    counts.flush()
    with writer.open_session() as session:
        session.add(Offence(client=WHO, at=NOW - MINUTE, hits=9))
        session.add(Offence(client="192.0.2.9", at=NOW, hits=9))
        session.commit()
    counts.flush()
    counts.hit(WHO)
    counts.flush()
    assert active(writer, still) == []
    with writer.open_session() as session:
        session.add(Offence(client=WHO, at=NOW - MINUTE + TICK, hits=1))
        session.commit()
    counts._times.clear()
    counts.hit(WHO)
    counts.flush()
    assert active(writer, still) == [WHO]
    with writer.open_session() as session:
        row = session.scalars(select(Block)).one()
        assert row.reason == "4 requests that the WAF refused in 60 s"
        assert [one.client for one in session.scalars(select(Offence))] == ["192.0.2.9"]


def test_a_new_block_takes_a_new_count(counts: Any, writer: Blocks, still: StandingClock):
    for _ in range(3):
        counts.hit(WHO)
    assert counts._times == {}
    counts.hit(WHO)
    counts.hit(WHO)
    counts.flush()
    assert len(counts.blocked) == 1
    counts.hit(WHO)
    assert len(counts.blocked) == 1


def away() -> Session:
    raise OperationalError("", {}, Exception())


def test_without_a_database_it_is_held_here_and_counted_on(
    counts: Any, writer: Blocks, still: StandingClock
):
    back, counts._open_session = counts._open_session, away
    for _ in range(3):
        counts.hit(WHO)
    ((key, held),) = counts._perimeter.held
    assert (key, held.value, held.is_forced) == (f"ip:{WHO}", WHO, False)
    assert held.until == (NOW + HOUR).timestamp()
    counts._open_session = back
    counts.hit(WHO)
    assert active(writer, still) == [WHO]
    with writer.open_session() as session:
        assert "4 requests" in session.scalars(select(Block.reason)).one()


def test_with_nothing_fresh_the_store_is_not_asked(counts: Any):
    counts._open_session = away
    counts.flush()


def test_the_table_of_clients_is_bounded(
    counts: Any, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(offences, "MOST_CLIENTS", 2)
    counts.hit("192.0.2.1")
    counts.hit("192.0.2.2")
    counts.hit("192.0.2.2")
    assert set(counts._times) == {"192.0.2.1", "192.0.2.2"}
    still.advance(seconds=14.9)
    counts._times["192.0.2.1"] = [NOW - HOUR]
    counts.hit("192.0.2.3")
    assert set(counts._times) == {"192.0.2.2", "192.0.2.3"}
    still.advance(seconds=0.1)
    counts.hit("192.0.2.4")
    assert set(counts._times) == {"192.0.2.3", "192.0.2.4"}
    counts.hit("192.0.2.5")
    assert set(counts._times) == {"192.0.2.5"}


def test_offences_that_count_no_more_are_forgotten(open_session: Callable[[], Session]):
    with open_session() as session:
        for step in (MINUTE, MINUTE - TICK):
            session.add(Offence(client=WHO, at=NOW - step, hits=1))
        offences.sweep(session, None, now=NOW)
        assert len(session.scalars(select(Offence)).all()) == 2
        offences.sweep(session, RULE, now=NOW)
        assert [one.at for one in session.scalars(select(Offence))] == [NOW - MINUTE + TICK]


def offender(name: str, blocked: int = 0, allowed: int = 0, seen: float = 1e9) -> Offender:
    return Offender(name, seen - 5, seen, allowed=allowed, blocked=blocked, routes={"GET /": 1})


def test_counts_are_added_up_in_the_store(open_session: Callable[[], Session]):
    with open_session() as session:
        offenders.store(session, "key", {"a": offender("a", 1, 2), "b": offender("b", 9)})
        session.flush()
        offenders.store(session, "key", {"a": offender("a", 3, 4, seen=2e9)})
        offenders.store(session, "origin", {"a": offender("a", 7)})
        offenders.store(
            session, "key", {"x" * 230 + "1": offender("x", 1), "x" * 230 + "2": offender("x", 2)}
        )
        session.flush()
        found = {one.key: one for one in offenders.stored(session, count=9)["key"]}
        assert (found["a"].blocked, found["a"].allowed) == (4, 6)
        assert (found["a"].first_seen, found["a"].last_seen) == (1e9 - 5, 2e9)
        assert found["a"].routes == {"GET /": 2}
        assert found["x" * 220].blocked == 3
        assert list(found) == ["b", "a", "x" * 220]
        assert [one.key for one in offenders.stored(session, count=1)["key"]] == ["b"]


def test_who_was_not_seen_for_a_week_is_forgotten(
    open_session: Callable[[], Session], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(offenders, "MOST_STORED", 2)
    at = NOW.timestamp()
    week = KEPT.total_seconds()
    with open_session() as session:
        seen = {
            "old": offender("old", 9, seen=at - week),
            "kept": offender("kept", 9, seen=at - week + 1),
            "few": offender("few", 1, seen=at),
            "more": offender("more", 2, seen=at),
        }
        offenders.store(session, "key", seen)
        offenders.store(session, "agent", {"few": offender("few", 1, seen=at)})
        session.flush()
        offenders.sweep(session, now=NOW)
        rows = {(row.kind, row.name) for row in session.scalars(select(OffenderRow))}
    assert rows == {("key", "kept"), ("key", "more"), ("agent", "few")}


def test_what_the_store_has_not_got_yet_is_added(open_session: Callable[[], Session]):
    table, other = TopKeys(), TopKeys()
    one = Offenders(open_session, {"key": (table, Lock()), "origin": (other, Lock())})
    one.flush()

    def count(key: str, times: int) -> None:
        for _ in range(times):
            table.count(key, is_allowed=False, route="GET /", at=NOW.timestamp())

    count("a", 2)
    one.flush()
    count("a", 1)
    count("b", 9)
    shown = one.top()["key"]
    assert [(row.key, row.blocked) for row in shown] == [("b", 9), ("a", 3)]
    assert [row.key for row in one.top(1)["key"]] == ["b"]
    one.flush()
    assert [(row.key, row.blocked) for row in one.top()["key"]] == [("b", 9), ("a", 3)]
    assert one.top()["origin"] == []
    count("a", 1)
    one._open_session = away
    with pytest.raises(OperationalError):
        one.flush()
    assert table.fresh()["a"].blocked == 1
    assert [(row.key, row.blocked) for row in one.top()["key"]] == [("b", 9), ("a", 4)]


def test_as_many_are_shown_as_were_asked_for(open_session: Callable[[], Session]):
    with open_session() as session:
        offenders.store(session, "key", {f"k{n}": offender(f"k{n}", 9 - n) for n in range(8)})
        session.commit()
    one = Offenders(open_session, {"key": (TopKeys(), Lock())})
    assert [row.key for row in one.top(6)["key"]] == [f"k{number}" for number in range(6)]
