"""Who asks most, counted here and added up in the store."""

from collections.abc import Callable
from threading import Lock

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.guard import offenders
from portal.guard.offenders import KEPT, Offender, OffenderRow, Offenders, TopKeys
from tests.guard.blocks import away
from tests.instants import NOW


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


def test_without_anything_new_the_store_is_not_asked():
    table = TopKeys()
    one = Offenders(away, {"key": (table, Lock())})
    one.flush()
    table.count("a", is_allowed=True, route="GET /", at=NOW.timestamp())
    with pytest.raises(OperationalError):
        one.flush()
