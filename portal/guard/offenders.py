"""Top clients, in bounded memory: the SpaceSaving sketch, exact while there are few keys.

Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data
Streams (2005). A key that is not in a full table takes the place of the smallest, with its count.
What was counted goes to the store every few seconds, where it outlives a restart and adds up
over processes; what the store has not got yet is added when it is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import JSON, String, delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from portal import clock
from portal.runtime import snapshot
from portal.store import engine
from portal.store.base import Base

MOST_KEYS = 512
MOST_ROUTES = 8
KEPT = timedelta(days=7)
MOST_STORED = 2000


@dataclass
class Offender:
    """Counts of a key; times are seconds since the epoch."""

    key: str
    first_seen: float
    last_seen: float
    allowed: int = 0
    blocked: int = 0
    inherited: int = 0
    routes: dict[str, int] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        return self.allowed + self.blocked

    def shown(self) -> snapshot.Consumer:
        return snapshot.Consumer(
            key=self.key,
            hits=self.hits,
            allowed=self.allowed,
            blocked=self.blocked,
            first_seen_at=clock.at(self.first_seen),
            last_seen_at=clock.at(self.last_seen),
            routes=[
                snapshot.RouteCount(route=route, hits=hits)
                for route, hits in sorted(self.routes.items(), key=lambda item: -item[1])[:5]
            ],
        )


class TopKeys:
    """Not locked: the caller counts under its own lock."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._keys: dict[str, Offender] = {}
        self._fresh: dict[str, Offender] = {}

    def count(self, key: str, *, is_allowed: bool, route: str, at: float, hits: int = 1) -> None:
        """Some requests of a key, on one route, at an instant in seconds since the epoch."""
        for table in (self._keys, self._fresh):
            offender = table.get(key)
            if offender is None:
                offender = self._admit(table, key, at)
            if is_allowed:
                offender.allowed += hits
            else:
                offender.blocked += hits
            offender.last_seen = at
            routes = offender.routes
            if route in routes or len(routes) < MOST_ROUTES:
                routes[route] = routes.get(route, 0) + hits

    def top(self, count: int) -> list[Offender]:
        """The most blocked first, then the most hits, then the latest."""
        return ranked(list(self._keys.values()))[:count]

    def seen_since(self, moment: float) -> int:
        return sum(one.last_seen >= moment for one in self._keys.values())

    def take_fresh(self) -> dict[str, Offender]:
        """What was counted since it was taken last."""
        fresh, self._fresh = self._fresh, {}
        return fresh

    def fresh(self) -> dict[str, Offender]:
        """What the store has not got yet; to be read under the caller's lock."""
        return self._fresh

    def give_back(self, taken: dict[str, Offender]) -> None:
        """Put back what could not be stored; it is counted on from there."""
        for key, one in taken.items():
            if key in self._fresh:
                add(one, self._fresh[key])
            if key in self._fresh or len(self._fresh) < self._most:
                self._fresh[key] = one

    def _admit(self, table: dict[str, Offender], key: str, at: float) -> Offender:
        inherited = 0
        if len(table) >= self._most:
            # A tenth leaves at a time, so that a flood of new keys pays for the search once in a
            # while and not on every request.
            leaving = sorted(table.values(), key=lambda one: one.hits + one.inherited)
            leaving = leaving[: max(1, self._most // 10)]
            inherited = leaving[-1].hits + leaving[-1].inherited
            for one in leaving:
                del table[one.key]
        offender = Offender(key, at, at, inherited=inherited)
        table[key] = offender
        return offender


def ranked(found: list[Offender]) -> list[Offender]:
    """The most blocked first, then the most hits, then the latest seen."""
    return sorted(found, key=lambda one: (-one.blocked, -one.hits, -one.last_seen))


def add(one: Offender, other: Offender) -> None:
    """Put the counts of `other` on top of `one`."""
    one.allowed += other.allowed
    one.blocked += other.blocked
    one.first_seen = min(one.first_seen, other.first_seen)
    one.last_seen = max(one.last_seen, other.last_seen)
    for route, hits in other.routes.items():
        if route in one.routes or len(one.routes) < MOST_ROUTES:
            one.routes[route] = one.routes.get(route, 0) + hits


KINDS = ("key", "origin", "rule", "address", "agent")


class OffenderRow(Base):
    """Counts of a key, an origin, a rule, an address or an agent since it was first seen."""

    __tablename__ = "offender"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(220), primary_key=True)
    allowed: Mapped[int]
    blocked: Mapped[int]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime] = mapped_column(index=True)
    routes: Mapped[dict[str, int]] = mapped_column(JSON)

    def counts(self) -> Offender:
        return Offender(
            self.name,
            self.first_seen.timestamp(),
            self.last_seen.timestamp(),
            self.allowed,
            self.blocked,
            routes=dict(self.routes),
        )


def store(session: Session, kind: str, fresh: dict[str, Offender]) -> None:
    """Add fresh counts in the caller's write transaction."""
    known = {
        row.name: row
        for row in session.scalars(
            select(OffenderRow)
            .where(OffenderRow.kind == kind, OffenderRow.name.in_([name[:220] for name in fresh]))
            .order_by(OffenderRow.name)
            .with_for_update()
        )
    }
    for name, one in sorted(fresh.items()):
        row = known.get(name[:220])
        counts = row.counts() if row else one
        if row is not None:
            add(counts, one)
        else:
            row = OffenderRow(kind=kind, name=name[:220])
            known[row.name] = row
            session.add(row)
        row.allowed, row.blocked = counts.allowed, counts.blocked
        row.first_seen = clock.at(counts.first_seen)
        row.last_seen = clock.at(counts.last_seen)
        row.routes = dict(counts.routes)


def stored(session: Session, *, count: int) -> dict[str, list[Offender]]:
    """The foremost of each kind, by one query."""
    order = (
        OffenderRow.blocked.desc(),
        (OffenderRow.allowed + OffenderRow.blocked).desc(),
        OffenderRow.last_seen.desc(),
    )
    place = func.row_number().over(partition_by=OffenderRow.kind, order_by=order).label("place")
    ranked_rows = select(OffenderRow, place).subquery()
    row_of = aliased(OffenderRow, ranked_rows)
    found: dict[str, list[Offender]] = {kind: [] for kind in KINDS}
    for row in session.scalars(
        select(row_of).where(ranked_rows.c.place <= count).order_by(ranked_rows.c.place)
    ):
        found[row.kind].append(row.counts())
    return found


def sweep(session: Session, *, now: datetime) -> None:
    """Forget who was not seen for a week, and all beyond the foremost of each kind."""
    session.execute(delete(OffenderRow).where(OffenderRow.last_seen <= now - KEPT))
    for kind in KINDS:
        beyond = session.scalars(
            select(OffenderRow.name)
            .where(OffenderRow.kind == kind)
            .order_by(OffenderRow.blocked.desc(), OffenderRow.last_seen.desc())
            .offset(MOST_STORED)
            .limit(5000)
        ).all()
        if beyond:
            session.execute(
                delete(OffenderRow).where(OffenderRow.kind == kind, OffenderRow.name.in_(beyond))
            )


class Offenders:
    """All tables of one process, and the store behind them."""

    def __init__(
        self, open_session: Callable[[], Session], tables: Mapping[str, tuple[TopKeys, Lock]]
    ) -> None:
        self._open_session = open_session
        self._tables = tables

    def flush(self) -> None:
        """Store what is fresh; SQLAlchemyError when it cannot, and nothing is lost by that."""
        taken: dict[str, dict[str, Offender]] = {}
        for kind, (table, lock) in self._tables.items():
            with lock:
                taken[kind] = table.take_fresh()
        if not any(taken.values()):
            return
        try:
            with self._open_session() as session:
                engine.begin_write(session)
                for kind, fresh in sorted(taken.items()):
                    if fresh:
                        store(session, kind, fresh)
                session.commit()
        except SQLAlchemyError:
            for kind, (table, lock) in self._tables.items():
                with lock:
                    table.give_back(taken[kind])
            raise

    def top(self, count: int = 15) -> dict[str, list[snapshot.Consumer]]:
        """The foremost of each kind since they were first seen.

        Without a database it is those that this process has met.
        """
        try:
            with self._open_session() as session:
                known = stored(session, count=count * 4)
        except SQLAlchemyError:
            return {kind: self._met(kind, count) for kind in self._tables}
        return {kind: self._joined(kind, known[kind], count) for kind in self._tables}

    def _met(self, kind: str, count: int) -> list[snapshot.Consumer]:
        table, lock = self._tables[kind]
        with lock:
            return [one.shown() for one in table.top(count)]

    def _joined(self, kind: str, known: list[Offender], count: int) -> list[snapshot.Consumer]:
        """What is stored, with what the store has not got yet."""
        table, lock = self._tables[kind]
        found = {one.key: one for one in known}
        with lock:
            for key, one in table.fresh().items():
                if key in found:
                    add(found[key], one)
                else:
                    found[key] = replace(one, routes=dict(one.routes))
        return [one.shown() for one in ranked(list(found.values()))[:count]]
