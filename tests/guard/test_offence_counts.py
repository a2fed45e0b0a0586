"""Offences counted up to a block: by one process, by several, and without a database."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.guard import offences
from portal.guard.blocks import Block, Blocks
from portal.guard.offences import Offence, Offences
from portal.settings import AutoBlockRule
from tests.clocks import StandingClock
from tests.guard.blocks import WHO, active, away
from tests.instants import HOUR, MINUTE, NOW, TICK

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
