"""Reading the log: any page of any choice is what a slow walk over all events finds."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from portal import clock
from portal.audit import chain, events, search, segments
from portal.audit.chain import AuditEvent
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.sites import Site

pytestmark = pytest.mark.database
TYPES = ("account.logout", "account.token.revoked", "incident.noted", "maintenance.window.ended")
PREFIXES = (None, "account", "account.token", "incident.noted", "maintenance.", "nothing", "%")


def fill(site: Site, count: int, chance: random.Random) -> None:
    with site.portal.core.open_session() as session:
        for number in range(count):
            event_type = chance.choices(TYPES, (50, 5, 40, 1))[0]
            detail = dict.fromkeys(events.REQUIRED_FIELDS[event_type], "x")
            chain.append(
                session,
                event_type,
                actor=chance.choice(("ada", "ben")),
                at=NOW + timedelta(minutes=number),
                **detail,
            )
        session.commit()


def slowly(
    rows: list[AuditEvent],
    event_type: str | None,
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
    before: int | None,
) -> tuple[list[int], int]:
    found = [
        row.seq
        for row in reversed(rows)
        if (event_type is None or row.type.startswith(event_type))
        and (actor is None or row.actor == actor)
        and (since is None or row.at >= since)
        and (until is None or row.at < until)
    ]
    return [one for one in found if before is None or one < before], len(found)


def test_every_page_is_what_a_slow_walk_finds(either: Site, still: StandingClock):
    chance = random.Random(7)
    fill(either, 400, chance)
    with either.portal.core.open_session() as session:
        rows = list(session.query(AuditEvent).order_by(AuditEvent.seq))
        for _ in range(250):
            event_type, actor = chance.choice(PREFIXES), chance.choice((None, None, "ada", "eve"))
            since = chance.choice((None, None, NOW + timedelta(minutes=chance.randrange(400))))
            until = chance.choice((None, None, NOW + timedelta(minutes=chance.randrange(400))))
            before = chance.choice((None, chance.randrange(1, 420)))
            limit, offset = chance.choice((1, 7, 50)), chance.choice((0, 0, 3, 120))
            most = chance.choice((None, None, 0, 20))
            expected, total = slowly(rows, event_type, actor, since, until, before)
            found, counted = search.search(
                session,
                event_type=event_type,
                actor=actor,
                since=since,
                until=until,
                before=before,
                limit=limit,
                offset=offset,
                count_to=most,
            )
            assert [one.seq for one in found] == expected[offset : offset + limit]
            is_cut = most is not None and (event_type or actor or since or until)
            assert counted == (min(total, most + 1) if is_cut and most is not None else total)


def test_a_choice_of_time_includes_its_beginning_and_not_its_end(site: Site, still: StandingClock):
    fill(site, 6, random.Random(1))
    second, fifth = NOW + timedelta(minutes=1), NOW + timedelta(minutes=4)
    with site.portal.core.open_session() as session:
        for choice, expected in (
            ({"since": second}, [6, 5, 4, 3, 2]),
            ({"until": fifth}, [4, 3, 2, 1]),
            ({"since": second, "until": fifth}, [4, 3, 2]),
        ):
            found, total = search.search(session, **choice)
            assert ([one.seq for one in found], total) == (expected, len(expected)), choice


def test_a_page_of_a_sealed_log_begins_where_the_log_does(
    site: Site, still: StandingClock, tmp_path
):
    fill(site, 60, random.Random(1))
    with site.portal.core.open_session() as session:
        made = segments.seal(session, tmp_path, before=NOW + timedelta(minutes=40), now=clock.now())
        session.commit()
        assert made is not None
        found, total = search.search(session, limit=100)
        assert total == len(found) == 60 - made.last + 1
        assert [one.seq for one in search.search(session, limit=5, offset=15)[0]] == [
            46, 45, 44, 43, 42
        ]  # fmt: skip


@pytest.mark.parametrize(
    "how",
    [
        {"before": 12},
        {"event_type": "account"},
        {"event_type": "incident.noted", "before": 20},
        {"actor": "ada"},
    ],
)
def test_a_choice_is_found_by_an_index(site: Site, still: StandingClock, how: dict[str, Any]):
    fill(site, 300, random.Random(1))
    statements: list[tuple[str, Any]] = []
    engine = site.portal.core.engine

    def note(connection, cursor, statement, parameters, *_):
        if "audit_event" in statement:
            statements.append((statement, parameters))

    with site.portal.core.open_session() as session:
        event.listen(engine, "before_cursor_execute", note)
        search.search(session, **how)
        event.remove(engine, "before_cursor_execute", note)
        assert statements
        for statement, parameters in statements:
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            steps = [row[3] for row in plan if "audit_event" in row[3]]
            assert steps, statement
            assert all(one.startswith("SEARCH audit_event") for one in steps), steps
