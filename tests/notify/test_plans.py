"""How SQLite finds what the outbox asks for: by an index, whatever else lies there."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from portal import clock
from portal.notify import outbox
from portal.notify.outbox import Claim, Delivery, Outcome, Result, addressing, superseding
from portal.store.revision import transaction
from tests.conftest import Site
from tests.notify import crowd

Act = Callable[[Session, Any], Any]


def _settle(session: Session, now: Any) -> None:
    claims = outbox.claim(session, "mail", by="me", most=5, now=now)
    outbox.held(session, claims)
    outbox.settle(session, [(one, Outcome(one.delivery, Result.SENT)) for one in claims], now=now)


def _later(session: Session, now: Any) -> None:
    claims: list[Claim] = outbox.claim(session, "mail", by="me", most=5, now=now)
    outbox.settle(session, [(one, Outcome(one.delivery, Result.LATER)) for one in claims], now=now)


ACTS: dict[str, Act] = {
    "the queues": lambda session, now: outbox.queues(session, now=now),
    "whether there is work": lambda session, now: session.execute(select(outbox.has_work(now))),
    "a claim": lambda session, now: outbox.claim(session, "mail", by="me", most=20, now=now),
    "the end of tries": _settle,
    "another try": _later,
    "giving back": lambda session, now: outbox.release(session, by="x", under_way=set(), now=now),
    "unsubscribing": lambda session, now: outbox.drop_of(session, 7, now=now),
    "superseding": lambda session, now: outbox.drop_superseded(session, outbox.Pair(1, 2), now=now),
    "giving up": lambda session, now: outbox.give_up(session, 1, superseding.TOO_LATE, now=now),
    "the figures": lambda session, now: outbox.figures(session, now=now),
    "dead letters": lambda session, now: outbox.dead_letters(session, limit=9),
    "sweeping": lambda session, now: outbox.sweep(session, now=now),
    "addressing": lambda session, now: addressing.address(session, [], now=now),
}


@pytest.mark.parametrize("name", ACTS)
def test_no_statement_reads_all_deliveries(site: Site, name: str):
    crowd.gather(site, 50)
    crowd.tell(site)
    crowd.address_all(site)
    crowd.tell(site, nth=2)
    said: list[tuple[str, Any]] = []
    engine = site.portal.core.engine

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if " " in statement and not statement.startswith(("BEGIN", "EXPLAIN")):
            said.append((statement, parameters[0] if many else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        with transaction(site.portal.core.open_session) as (session, now):
            ACTS[name](session, now)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert said
    with engine.connect() as connection:
        for statement, parameters in said:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for step in plan.scalars("detail").all():
                is_whole = step.startswith("SCAN delivery") and "INDEX" not in step
                assert not is_whole, f"{statement}\n{step}"
                if name in {"the figures", "dead letters"}:
                    assert "ix_delivery_settled_at" not in step, f"{statement}\n{step}"
                # Of settled ones there are millions.
                assert "uq_delivery" not in step or "SEARCH" in step, f"{statement}\n{step}"


def test_the_list_of_notices_reads_no_delivery(either: Site):
    from tests.queries import counted

    crowd.gather(either, 50)
    number = crowd.tell(either)
    crowd.address_all(either)
    with counted(either) as queries, either.portal.core.open_session() as session:
        (one,), total = outbox.page(session, limit=30, offset=0, rate=50.0, now=clock.now())
    assert (one.id, one.pending, total) == (number, 50, 1)
    assert not [text for text in queries.statements if Delivery.__tablename__ in text]
    queries.expect(1)
    assert clock.now() >= one.created_at
