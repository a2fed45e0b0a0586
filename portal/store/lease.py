"""Who of several does what only one may do: a row with a holder, an end and a number.

The number, a fence, rises with every change of holder. A process that holds a lease checks it in
each of its write transactions, so that one that slept through its end, or whose clock ran wrong,
can write nothing after another has taken over. Clocks decide who may take a lease; never whether
two write.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base

TTL = timedelta(seconds=30)


class Lease(Base):
    """One thing that only one process does at a time."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(200))
    until: Mapped[datetime]
    fence: Mapped[int]


@dataclass(frozen=True)
class Held:
    """A lease as its holder knows it."""

    name: str
    holder: str
    fence: int


class LeaseLostError(SQLAlchemyError):
    """Another has taken over; this process must not write."""


class Fence:
    """What a process holds; `portal.store.engine.begin_write` asks it in every transaction."""

    held: Held | None = None

    def check(self, session: Session) -> None:
        """LeaseLostError when the lease has another holder now; nothing for who holds none."""
        if self.held is None:
            return
        # Shared: whoever wants to take over waits for this transaction.
        query = select(Lease.fence).where(Lease.name == self.held.name).with_for_update(read=True)
        if session.scalar(query) != self.held.fence:
            lost, self.held = self.held, None
            raise LeaseLostError(f"the lease {lost.name} was taken over")


def take(session: Session, name: str, *, holder: str, now: datetime) -> Held | None:
    """Take or renew a lease for 30 s in the caller's transaction; None while another has it."""
    row = session.get(Lease, name, with_for_update=True)
    if row is None:
        row = Lease(name=name, holder="", until=now, fence=0)
        session.add(row)
    # An end further off than any lease lasts was written by a clock that was set back since.
    is_taken = row.holder not in ("", holder) and now < row.until <= now + TTL
    if is_taken:
        return None
    if row.holder != holder:
        row.holder, row.fence = holder, row.fence + 1
    row.until = now + TTL
    session.flush()
    return Held(name, holder, row.fence)


def give_back(session: Session, held: Held, *, now: datetime) -> None:
    """Let another take it at once."""
    row = session.get(Lease, held.name, with_for_update=True)
    if row is not None and row.fence == held.fence:
        row.until = now
