"""An audit log whose chain is whole."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal import clock
from portal.audit import addresses, chain
from portal.audit.chain import AuditEvent
from tests.lived_in.counts import DAYS, EVENTS


def _told(dice: random.Random) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Events without end, as type, actor and fields."""
    while True:
        number = dice.randrange(1, 250)
        address = f"203.0.113.{number}"
        yield from (
            ("account.login.succeeded", "ada", {"name": "ada", "address": address}),
            ("incident.acknowledged", "ada", {"incident": f"INC-2030-{number:04}"}),
            (
                "account.login.refused",
                "anonymous",
                {"name": "root", "address": address, "reason": "wrong name or password"},
            ),
            ("maintenance.series.planned", "portal worker", {"ref": "s-daily0", "windows": 1}),
            (
                "runtime.snapshot.exported",
                "bob",
                {"snapshot": str(number), "format": "json", "sha256": "0" * 64},
            ),
        )


def add_events(session: Session, dice: random.Random, now: datetime) -> None:
    """An audit log whose chain is whole."""
    previous = chain.start(session).hash
    for seq, (kind, actor, detail) in zip(range(1, EVENTS + 1), _told(dice), strict=False):
        at = now - timedelta(days=DAYS) * (EVENTS - seq) / EVENTS
        at = at.replace(microsecond=0)
        hidden = addresses.hide(session, detail, seq=seq, at=at)
        fields = {"seq": seq, "at": clock.iso(at), "type": kind, "actor": actor, "detail": hidden}
        previous = chain.digest_of(previous, fields)
        session.add(
            AuditEvent(seq=seq, at=at, type=kind, actor=actor, detail=hidden, hash=previous)
        )
