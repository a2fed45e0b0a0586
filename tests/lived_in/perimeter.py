"""Blocks, and those whom the guard remembers."""

import random
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.guard.blocks import Block
from portal.guard.offenders import OffenderRow
from tests.lived_in.counts import BLOCKS, BLOCKS_IN_FORCE, DAYS, OFFENDERS


def add_perimeter(session: Session, dice: random.Random, now: datetime) -> None:
    """Blocks in force on addresses from which no test comes, and those of ninety days."""
    for number in range(BLOCKS):
        is_in_force = number >= BLOCKS - BLOCKS_IN_FORCE
        made = now - timedelta(days=DAYS * (1 - number / BLOCKS))
        scope, value = (
            ("ip", f"203.0.113.{number}"),
            ("range", f"198.18.{number}.0/24"),
            ("key", f"ip:192.0.2.{number}"),
            ("origin", f"https://evil{number}.example"),
        )[number % 4]
        session.add(
            Block(
                id=f"blk{number:010x}",
                scope=scope,
                value=value,
                kind="throttle" if number % 5 == 0 else "ban",
                source="auto" if number % 2 else "manual",
                reason="Scans",
                created_at=made,
                until=now + timedelta(hours=number) if is_in_force else made + timedelta(hours=8),
                created_by="ada",
                is_forced=False,
                removed_at=None,
                version=1,
                expiry_noted=not is_in_force,
            )
        )
    for kind in ("key", "origin", "rule", "address", "agent"):
        session.execute(
            insert(OffenderRow),
            [
                {
                    "kind": kind,
                    "name": f"{kind}-{number}",
                    "allowed": dice.randrange(500),
                    "blocked": dice.randrange(200),
                    "first_seen": now - timedelta(days=5),
                    "last_seen": now - timedelta(minutes=number),
                    "routes": {"GET /": number},
                }
                for number in range(OFFENDERS)
            ],
        )
