"""The worker tidies up for the first time on a grown portal, while operators go on working.

Audit events had been kept for ever, and a setting says now that they move to sealed files; what was
delivered is old enough to be forgotten.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import func, select, update

from bench import nodes
from bench.clients import Client
from bench.portals import RUNTIME, Bench
from portal import clock
from portal.audit.chain import Anchor
from portal.notify.outbox import Delivery, State
from portal.store import engine as engines

KEEP_DAYS = 30
# It is over when so long nothing more went away, and is waited for so long.
QUIET_SECONDS, LONGEST_SECONDS = 5.0, 60.0
LOOK_SECONDS = 1.0
PAUSE_SECONDS = 0.02
AT_ONCE = 5000


@dataclass(frozen=True)
class Tidied:
    """What one sweep of the worker took away, in how many seconds, and what an act had to wait.

    `longest` and `usual` are milliseconds of acts meanwhile, of which some were `refused`.
    """

    events: int
    deliveries: int
    seconds: float
    longest: float
    usual: float
    refused: int
    acts: int


def measured(bench: Bench, folder: Path) -> Tidied:
    """An operator acts all the time, from the start of the node until nothing more goes away."""
    _age(bench)
    begin = there = _gone(bench)
    taken: list[float] = []
    refused = 0
    with (
        nodes.serve(bench, folder / "retention", PORTAL_AUDIT_KEEP_DAYS=str(KEEP_DAYS)) as node,
        closing(Client(node.address, **bench.bearer)) as client,
    ):
        begun = moved = looked = time.monotonic()
        for number in count():
            status, milliseconds = client.post(
                f"{RUNTIME}/maintenance/perimeter/blocks", _block(number)
            )
            taken.append(milliseconds)
            refused += status != 201
            now = time.monotonic()
            if now - looked > LOOK_SECONDS:
                looked, before, there = now, there, _gone(bench)
                moved = now if there != before else moved
                if now - moved > (LONGEST_SECONDS if there == begin else QUIET_SECONDS):
                    break
            time.sleep(PAUSE_SECONDS)
    taken.sort()
    return Tidied(
        events=there[0] - begin[0],
        deliveries=begin[1] - there[1],
        seconds=moved - begun,
        longest=taken[-1],
        usual=taken[len(taken) // 2],
        refused=refused,
        acts=len(taken),
    )


def _block(number: int) -> dict[str, str]:
    value = f"198.18.{number >> 8 & 255}.{number & 255}"
    return {"scope": "ip", "value": value, "reason": "Scans", "duration": "1h"}


def _gone(bench: Bench) -> tuple[int, int]:
    """The last event that is sealed, and how many deliveries there are still."""
    with bench.portal.core.open_session() as session:
        return (
            session.scalar(select(func.max(Anchor.seq))) or 0,
            session.scalar(select(func.count()).select_from(Delivery)) or 0,
        )


def _age(bench: Bench) -> None:
    """Say of all deliveries that they were sent days ago."""
    with bench.portal.core.open_session() as session:
        last = session.scalar(select(func.max(Delivery.id))) or 0
    old = {"state": State.SENT.value, "settled_at": clock.now() - timedelta(days=4)}
    for first in range(0, last + 1, AT_ONCE):
        with bench.portal.core.open_session() as session:
            engines.begin_write(session)
            some = Delivery.id.between(first, first + AT_ONCE - 1)
            session.execute(update(Delivery).where(some).values(old))
            session.commit()
