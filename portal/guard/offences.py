"""From the WAF's refusals to a block: so many of one client in so long a time.

Hits are counted in the process and added up in the store, so that neither several processes nor
several nodes raise the threshold. One that reaches it here is blocked at once; the others are
found within a second. With the database away the block holds in this process alone, in memory.
"""

import threading
from collections.abc import Callable, Container
from datetime import datetime

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import String

from portal import clock
from portal.guard import address
from portal.guard.address import Network
from portal.guard.blocks import Block, Blocks, Kind, Source
from portal.guard.perimeter import Held, Perimeter
from portal.runtime.counters import Counters
from portal.settings import AutoBlockRule
from portal.store import engine
from portal.store.base import Base
from portal.unit_of_work import By

_log = structlog.get_logger()
MOST_CLIENTS = 4096


class Offence(Base):
    """Refusals of one client that one process counted in about a second."""

    __tablename__ = "offence"

    id: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    hits: Mapped[int]


class Offences:
    """Counts by the client's address; an IPv6 client by its /64."""

    def __init__(
        self,
        rule: AutoBlockRule | None,
        *,
        blocks: Blocks,
        perimeter: Perimeter,
        counters: Counters,
        open_session: Callable[[], Session],
        trusted: tuple[Network, ...],
        undeclared: Container[str] = (),
    ) -> None:
        self._trusted, self._undeclared = trusted, undeclared
        self.rule = rule
        self._blocks = blocks
        self._perimeter = perimeter
        self._counters = counters
        self._open_session = open_session
        self._lock = threading.Lock()
        self._times: dict[str, list[datetime]] = {}
        self._fresh: dict[str, int] = {}

    def hit(self, client: str) -> None:
        """Count one refusal; blocks at once when this process has seen enough."""
        if self.rule is None or address.parse(client) is None:
            return  # nobody who could be blocked
        if address.is_trusted(client, self._trusted) or client in self._undeclared:
            return
        now, name = clock.now(), address.key_of(client).removeprefix("ip:")
        with self._lock:
            if name not in self._times and len(self._times) >= MOST_CLIENTS:
                self._forget(now)
            times = [one for one in self._times.get(name, ()) if now - one < self.rule.window]
            times.append(now)
            self._times[name] = times[-self.rule.threshold :]
            self._fresh[name] = self._fresh.get(name, 0) + 1
            is_enough = len(times) >= self.rule.threshold
        if is_enough:
            try:
                self.flush()
            except SQLAlchemyError as error:
                _log.warning("offences.database_unreachable", error=type(error).__name__)
                self._hold_locally(name, now)

    def flush(self) -> None:
        """Add what is fresh to the store and block who has too much; SQLAlchemyError if not."""
        if self.rule is None:
            return
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        if not fresh:
            return
        now = clock.now()
        try:
            with self._open_session() as session:
                engine.begin_write(session)
                session.add_all(
                    Offence(client=name, at=now, hits=hits) for name, hits in fresh.items()
                )
                session.flush()
                totals = {
                    name: int(hits)
                    for name, hits in session.execute(
                        select(Offence.client, func.sum(Offence.hits))
                        .where(Offence.client.in_(list(fresh)), Offence.at > now - self.rule.window)
                        .group_by(Offence.client)
                    )
                }
                session.commit()
        except SQLAlchemyError:
            with self._lock:
                for name, hits in list(fresh.items())[:MOST_CLIENTS]:
                    self._fresh[name] = self._fresh.get(name, 0) + hits
            raise
        for name, hits in totals.items():
            if hits >= self.rule.threshold:
                self._block(name, hits)

    def _block(self, name: str, hits: int) -> Block | None:
        assert self.rule is not None
        row = self._blocks.block_offender(
            By("portal"),
            name,
            offences=hits,
            ttl=self.rule.ttl,
            reason=f"{hits} requests that the WAF refused in"
            f" {int(self.rule.window.total_seconds())} s",
        )
        with self._lock:
            self._times.pop(name, None)
        with self._open_session() as session:
            engine.begin_write(session)
            # A new block takes a new count, not one hit more on the old one.
            session.execute(delete(Offence).where(Offence.client == name))
            session.commit()
        if row is not None:
            self._counters.auto_blocks.inc()
        return row

    def _hold_locally(self, name: str, now: datetime) -> None:
        assert self.rule is not None
        until = (now + self.rule.ttl).timestamp()
        held = Held("local", until, Kind.BAN, Source.AUTO, False, name)
        self._perimeter.hold_locally(f"ip:{name}", held)

    def _forget(self, now: datetime) -> None:
        """Make room: who has nothing recent goes, else the table begins anew."""
        assert self.rule is not None
        self._times = {
            name: times
            for name, times in self._times.items()
            if now - times[-1] < self.rule.window / 4
        }
        if len(self._times) >= MOST_CLIENTS:
            self._times = {}


def sweep(session: Session, rule: AutoBlockRule | None, *, now: datetime) -> None:
    """Forget offences that count no more."""
    if rule is not None:
        session.execute(delete(Offence).where(Offence.at <= now - rule.window))
