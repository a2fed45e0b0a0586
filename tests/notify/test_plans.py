"""How SQLite finds what the outbox asks for: by an index, whatever else lies there."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from portal import clock
from portal.notify import outbox, subscribers
from portal.notify.outbox import Claim, Delivery, Outcome, Result, addressing, superseding
from portal.status.notices import Notice, NoticeKind
from portal.store.revision import transaction
from tests.notify import crowd
from tests.sites import Site

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


COUNTS: dict[str, Act] = {
    "how many there are": lambda session, now: subscribers.counts(session),
    "as far as some": lambda session, now: subscribers.counts(session, most=10),
    "how many are told": lambda session, now: subscribers.told(session, _notice()),
    "of a component": lambda session, now: subscribers.told(session, _notice("api")),
}
COUNTED_BY = ("ix_subscriber_choice", "ix_subscriber_unconfirmed")


def _notice(*parts: str) -> Notice:
    return Notice(
        kind=NoticeKind.INCIDENT,
        audiences=["public"],
        channels=["email", "api"],
        components=list(parts),
    )


def steps(site: Site, act: Act) -> list[tuple[str, str]]:
    """Each statement of an act with each step of its plan."""
    said: list[tuple[str, Any]] = []
    engine = site.portal.core.engine

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if " " in statement and not statement.startswith(("BEGIN", "EXPLAIN")):
            said.append((statement, parameters[0] if many else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        with transaction(site.portal.core.open_session) as (session, now):
            act(session, now)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert said
    with engine.connect() as connection:
        return [
            (statement, step)
            for statement, parameters in said
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            .scalars("detail")
            .all()
        ]


@pytest.mark.parametrize("name", ACTS)
def test_no_statement_reads_all_deliveries(site: Site, name: str):
    crowd.gather(site, 50)
    crowd.tell(site)
    crowd.address_all(site)
    crowd.tell(site, nth=2)
    for statement, step in steps(site, ACTS[name]):
        is_whole = step.startswith("SCAN delivery") and "INDEX" not in step
        assert not is_whole, f"{statement}\n{step}"
        if name in {"the figures", "dead letters"}:
            assert "ix_delivery_settled_at" not in step, f"{statement}\n{step}"
        # Of settled ones there are millions.
        assert "uq_delivery" not in step or "SEARCH" in step, f"{statement}\n{step}"


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("is_known", [False, True], ids=["", "with statistics"])
def test_subscribers_are_counted_without_reading_them(site: Site, name: str, is_known: bool):
    crowd.gather(site, 50)
    if is_known:
        with site.portal.core.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
            # As if they were many.
            grown = "UPDATE sqlite_stat1 SET stat = replace(stat, '50', '100000')"
            connection.exec_driver_sql(grown)
        # Statistics are read when a connection is opened.
        site.portal.core.engine.dispose()
    found = [one for one in steps(site, COUNTS[name]) if "subscriber" in one[1].split()]
    assert found
    for statement, step in found:
        assert any(index in step for index in COUNTED_BY), f"{statement}\n{step}"


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
