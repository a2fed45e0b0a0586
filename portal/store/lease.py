"""Leases: which process does what only one may do: a row with a holder, an end and a number.

The number, a fence, rises with every change of holder. A process that holds a lease checks it in
each of its write transactions, so that one that slept through its end, or whose clock ran wrong,
can write nothing after another has taken over. Clocks decide who may take a lease, but not who may
write.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, and_, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
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
    """What a process holds; `portal.store.engine.begin_write` checks it in every transaction.

    The statement that checks it also renews it when it is due, along with the leases of the
    process's other threads that asked for that.
    """

    def __init__(self) -> None:
        self.held: Held | None = None
        self._renewed_at: datetime | None = None
        self._wanted_at: datetime | None = None
        self._along: list[Fence] = []

    def hold(self, held: Held | None, *, now: datetime) -> None:
        """Take note of a lease that was taken or renewed, or that another has."""
        self.held, self._renewed_at = held, now if held is not None else None

    def take_along(self, other: "Fence") -> None:
        """Renew another with this one, for as long as its thread says that it is alive."""
        self._along.append(other)

    def want(self) -> None:
        """Its thread is alive, and wants it to be renewed along with another."""
        self._wanted_at = clock.now()

    @property
    def is_fresh(self) -> bool:
        """Whether the lease was renewed so lately that it need not be asked for."""
        return self.held is not None and _age(self._renewed_at) < TTL / 2

    def check(self, session: Session) -> None:
        """LeaseLostError when the lease has another holder now; nothing for who holds none."""
        held = self.held
        if held is None:
            return
        if _age(self._renewed_at) >= TTL / 4:
            is_mine = held in self._renew(session, held)
        else:
            # Shared: whoever wants to take over waits for this transaction.
            query = select(Lease.fence).where(Lease.name == held.name)
            is_mine = session.scalar(query.with_for_update(read=True)) == held.fence
        if not is_mine:
            self.held = None
            raise LeaseLostError(f"the lease {held.name} was taken over")

    def _renew(self, session: Session, held: Held) -> list[Held]:
        wanted = [one for one in self._along if _age(one._wanted_at) < TTL / 2]
        due = [(self, held), *((one, one.held) for one in wanted)]
        now = clock.now()
        renewed = renew(session, [one for _, one in due if one is not None], now=now)
        for fence, one in due:
            if one in renewed and fence.held == one:
                # Should the transaction fail, the next renewal comes in time.
                fence._renewed_at = now
        return renewed


def _age(moment: datetime | None) -> timedelta:
    """How long ago that was, whichever way the clock was set since."""
    return abs(clock.now() - moment) if moment is not None else TTL


def renew(session: Session, leases: list[Held], *, now: datetime) -> list[Held]:
    """Renew leases in the caller's transaction; those that nobody has taken over meanwhile."""
    mine = or_(*(and_(Lease.name == one.name, Lease.fence == one.fence) for one in leases))
    renewed = session.scalars(
        update(Lease).where(mine).values(until=now + TTL).returning(Lease.name),
        execution_options={"synchronize_session": False},
    ).all()
    return [one for one in leases if one.name in renewed]


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
