"""The one way to write: a transaction with its actor, expected version, audit event and key.

Acts come one after the other, on SQLite as all writes do, on PostgreSQL by their turn at the audit
log, which each of them needs: of two that go out from one version the second learns of the first.

An act is a method that holds its rule and nothing else; `act` gives it the transaction:

    class Windows(Acts):
        @act
        def cancel(self, tx: Transaction, ref: str) -> Window:
            row = tx.expect(queries.find(tx.session, ref))
            row.cancel(now=tx.now)
            return tx.done(row, "maintenance.window.cancelled", ref=row.reference)

    windows.cancel(By("ada", version=3), "m-7k3fq2")
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.orm import Session

from portal.audit import chain
from portal.errors import StaleVersionError, found
from portal.store import revision
from portal.store.errors import retried
from portal.store.idempotency import IdempotencyKey


class Versioned(Protocol):
    """A row that counts its changes."""

    version: int


# How long the panel offers to take an act back; subscribers hear of it after that.
UNDO_WITHIN = timedelta(seconds=10)

S = TypeVar("S", bound="Acts")
P = ParamSpec("P")
R = TypeVar("R")
Row = TypeVar("Row", bound=Versioned)


@dataclass(frozen=True)
class By:
    """Whose act it is, the version it goes out from, and the key under which it happens once.

    One that `can_undo` is not told to subscribers as long as it can be taken back.
    """

    actor: str
    version: int | None = None
    key: IdempotencyKey | None = None
    can_undo: bool = False


@dataclass(frozen=True)
class Transaction:
    """One act under way: its session, its instant, and who acts."""

    session: Session
    now: datetime
    by: By

    @property
    def held_until(self) -> datetime | None:
        """Before when nobody is told of it."""
        return self.now + UNDO_WITHIN if self.by.can_undo else None

    def expect(self, row: Row | None) -> Row:
        """The row; NotFoundError without one, StaleVersionError when it was changed meanwhile."""
        there = found(row)
        if self.by.version is not None and self.by.version != there.version:
            raise StaleVersionError(there)
        return there

    def add(self, row: Row) -> Row:
        """Take in a new row, which `done` then counts as version 1."""
        row.version = 0
        if hasattr(row, "updated_at"):
            row.updated_at = self.now
        self.session.add(row)
        return row

    def done(self, row: Row, event: str, **detail: object) -> Row:
        """Count the change and write its audit event; gives the row back."""
        self.count(row)
        self.audit(event, **detail)
        return row

    def count(self, row: Versioned) -> None:
        """Raise the row's version."""
        row.version += 1
        if hasattr(row, "updated_at"):
            row.updated_at = self.now

    def audit(self, event: str, **detail: object) -> None:
        """An event of the audit log by whoever acts."""
        chain.append(self.session, event, actor=self.by.actor, at=self.now, **detail)


class Acts:
    """The base of a noun's acts; `on_change` is called after each commit."""

    # The number that a commit raises, by which others see that there is something new; None where
    # nobody looks for it.
    revision: int | None = revision.BOARD

    def __init__(
        self, open_session: Callable[[], Session], on_change: Callable[[], object] = lambda: None
    ) -> None:
        self.open_session = open_session
        self._on_change = on_change

    @contextmanager
    def _begin(self, by: By) -> Iterator[Transaction]:
        with revision.transaction(self.open_session) as (session, now):
            # Before anything is read: what an act goes out from must not change under it.
            chain.lock(session)
            yield Transaction(session, now, by)
            if self.revision is not None:
                revision.advance(session, self.revision)
        self._on_change()


def act(rule: Callable[Concatenate[S, Transaction, P], R]) -> Callable[Concatenate[S, By, P], R]:
    """Run a rule as one transaction, again while the database is only busy with another one.

    What the rule returns is the response that is stored under the idempotency key.
    """

    @retried
    @functools.wraps(rule)
    def run(self: S, by: By, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._begin(by) as tx:
            result = rule(self, tx, *args, **kwargs)
            if by.key is not None:
                by.key.store(tx.session, result, tx.now)
        return result

    return run


def changed_fields(row: object, change: Callable[[], None]) -> list[str]:
    """Make a change to a row, and say which of its columns it touched."""
    names = [column.key for column in row.__table__.columns]  # type: ignore[attr-defined]
    before = {name: getattr(row, name) for name in names}
    change()
    return [name for name in names if getattr(row, name) != before[name]]
