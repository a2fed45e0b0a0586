"""A portal as a large organisation has it after two years: `python -m bench.grown URL`.

Written in bulk through the house's own tables, the same in each run: the numbers come from a seed.
The database must be migrated, and empty. Ten per cent of everything is `--share 0.1`.
"""

import argparse
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert, text
from sqlalchemy.orm import Session

from bench import published
from bench.sizes import DAYS, Sizes, ago
from portal import clock
from portal.audit import chain
from portal.audit.chain import AuditEvent
from portal.guard.blocks import Block
from portal.notify.subscribers import Subscriber, Topic
from portal.runtime.samples import Sample
from portal.status.components import Component, Span
from portal.status.incidents import Incident, IncidentUpdate
from portal.status.windows import Window
from portal.store import engine as engines
from portal.store import revision

AT_ONCE = 5000
_NUMBERED = (
    "SELECT setval('component_id_seq', (SELECT max(id) FROM component))",
    "SELECT setval('incident_id_seq', (SELECT max(id) FROM incident))",
)


def fill(url: str, sizes: Sizes, *, now: datetime | None = None) -> None:
    """Fill an empty database that is migrated."""
    now = (now or clock.now()).replace(microsecond=0)
    dice = random.Random(7)
    engine = engines.probe_engine(url)
    with Session(engine) as session:
        begin = chain.start(session)
        session.rollback()
        for table, rows in (
            (Component, published.components(sizes, now)),
            (Incident, published.incidents(sizes, now)),
            (IncidentUpdate, published.updates(sizes, now)),
            (Span, published.spans(sizes, now, dice)),
            (Window, published.windows(sizes, now, dice)),
            (Subscriber, _subscribers(sizes, now, dice)),
            (Block, _blocks(sizes, now)),
            (Sample, _samples(sizes, now)),
            (AuditEvent, _events(sizes, now, begin.hash)),
        ):
            _put(session, table.__table__, rows)
        if engine.dialect.name == "postgresql":
            # Their numbers were given here, and the next ones go on from them.
            for statement in _NUMBERED:
                session.execute(text(statement))
        for which in (revision.BOARD, revision.PERIMETER):
            revision.advance(session, which)
        session.commit()
    engine.dispose()


def _put(session: Session, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    assert isinstance(table, Table)
    left = iter(rows)
    while part := list(islice(left, AT_ONCE)):
        engines.begin_write(session)
        session.execute(insert(table), part)
        session.commit()


def _subscribers(sizes: Sizes, now: datetime, dice: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(sizes.subscribers):
        since = now - timedelta(days=dice.uniform(1, DAYS))
        address = f"reader{number}@example.com"
        yield {
            "kind": "mail",
            "address": address,
            "canonical": address,
            "topics": [one.value for one in Topic],
            "components": [f"part-{dice.randrange(sizes.components):03}"]
            if number % 3 == 0
            else [],
            "wanted": {},
            "question": None,
            "asked_at": since,
            "secret": "",
            "confirmed_at": since,
            "created_at": since,
        }


def _blocks(sizes: Sizes, now: datetime) -> Iterator[dict[str, Any]]:
    """Five hundred are in force, the others ended."""
    in_force = min(500, sizes.blocks)
    for number in range(sizes.blocks):
        is_in_force = number >= sizes.blocks - in_force
        made = ago(number, sizes.blocks, now)
        yield {
            "id": f"blk{number:010x}",
            "scope": "ip",
            "value": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            "kind": "ban",
            "source": "auto" if number % 2 else "manual",
            "reason": "Scans",
            "created_at": made,
            "until": now + timedelta(days=2) if is_in_force else made + timedelta(hours=8),
            "created_by": "ada",
            "is_forced": False,
            "removed_at": None if is_in_force else made + timedelta(hours=8),
            "version": 1,
            "expiry_noted": not is_in_force,
        }


def _samples(sizes: Sizes, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(sizes.samples):
        yield {
            "at": now - timedelta(minutes=sizes.samples - number),
            "hits": 100 * number,
            "blocked": number,
            "scrapes": 4 * number,
            "waf_blocked": number,
            "perimeter_blocked": number,
            "pool_borrowed": 1,
            "pool_pending": 0,
        }


_TOLD = (
    ("account.login.succeeded", {"name": "ada", "address": "-"}),
    ("incident.updated", {"incident": "INC-2030-00001", "status": "x", "components": []}),
    ("maintenance.window.started", {"ref": "m-000001", "starts": "-", "ends": "-"}),
    ("account.logout", {"name": "ada"}),
)


def _events(sizes: Sizes, now: datetime, previous: str) -> Iterator[dict[str, Any]]:
    """A log whose chain is whole."""
    for seq in range(1, sizes.events + 1):
        at = ago(seq, sizes.events, now).replace(microsecond=0)
        kind, detail = _TOLD[seq % len(_TOLD)]
        actor = ("ada", "ben", "portal")[seq % 3]
        fields = {"seq": seq, "at": clock.iso(at), "type": kind, "actor": actor, "detail": detail}
        previous = chain.digest_of(previous, fields)
        yield {
            "seq": seq,
            "at": at,
            "type": kind,
            "actor": actor,
            "detail": detail,
            "hash": previous,
        }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("url", help="of a migrated, empty database")
    asked.add_argument("--share", type=float, default=1.0, help="of everything")
    given = asked.parse_args()
    fill(given.url, Sizes.share(given.share))


if __name__ == "__main__":
    main()
