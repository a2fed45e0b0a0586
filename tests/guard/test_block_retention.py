"""Blocks that ended long ago are forgotten, some at a time; those in force never."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.guard import blocks
from portal.guard.blocks import Block
from portal.guard.blocks import queries as found
from tests.clocks import StandingClock
from tests.instants import TICK
from tests.sites import Site


def block(name: str, ended: timedelta, **values: Any) -> Block:
    now = clock.now()
    given = {
        "id": name,
        "scope": "ip",
        "value": name,
        "kind": "ban",
        "source": "manual",
        "reason": "",
        "created_at": now - ended - timedelta(hours=1),
        "until": now - ended,
        "created_by": "ada",
        "is_forced": False,
        "removed_at": None,
        "expiry_noted": True,
        "version": 1,
    }
    return Block(**(given | values))


def test_only_what_ended_long_ago_is_forgotten(
    either: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(found, "SWEPT_AT_ONCE", 3)
    long_ago, lately = blocks.KEPT + timedelta(days=1), timedelta(days=1)
    with either.portal.core.open_session() as session:
        session.add_all([block(f"old{number}", long_ago) for number in range(4)])
        session.add(block("removed", long_ago, removed_at=clock.now() - long_ago))
        # Its end is not in the audit log yet: it has to come there first.
        session.add(block("unnoted", long_ago, expiry_noted=False))
        session.add(block("lately", lately))
        session.add(block("active", -timedelta(hours=1), expiry_noted=False))
        session.commit()
        assert blocks.sweep(session, now=clock.now())
        assert not blocks.sweep(session, now=clock.now())
        session.commit()
        left = session.scalars(select(Block.id).order_by(Block.id)).all()
    assert left == ["active", "lately", "unnoted"]


@pytest.mark.parametrize(("ended", "is_kept"), [(blocks.KEPT - TICK, True), (blocks.KEPT, False)])
def test_how_long_what_ended_is_kept(
    session: Session, still: StandingClock, ended: timedelta, is_kept: bool
):
    session.add(block("ended", ended))
    session.flush()
    blocks.sweep(session, now=still.now())
    assert bool(session.scalars(select(Block.id)).all()) is is_kept
