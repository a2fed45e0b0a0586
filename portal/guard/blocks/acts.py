"""What operators, and the portal itself, do with blocks.

`extend` puts the end off by a duration from where it stands, or from now when it has passed;
`raise` makes it at least that long from now, and may make it stronger or wider.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.errors import RuleError
from portal.guard.address import Network
from portal.guard.blocks import block, queries
from portal.guard.blocks.block import (
    LONGEST_AUTO,
    AlreadyBlockedError,
    Block,
    BlockScope,
    Kind,
    Source,
    bounded,
    normalise,
)
from portal.guard.blocks.schemas import Action, BlockAct, BlockBefore, BlockIn
from portal.store import revision
from portal.store.errors import again_if_taken, retried
from portal.unit_of_work import Acts, Transaction, act

MOST_NOTED = 500


class Blocks(Acts):
    """Acts on blocks; every process enforces them within a second."""

    revision = revision.PERIMETER

    def __init__(
        self,
        open_session: Callable[[], Session],
        on_change: Callable[[], object],
        *,
        trusted: tuple[Network, ...],
    ) -> None:
        super().__init__(open_session, on_change)
        self._trusted = trusted

    @again_if_taken
    @act
    def add(
        self, tx: Transaction, new: BlockIn, *, caller: str, source: Source = Source.MANUAL
    ) -> Block:
        """A new block; AlreadyBlockedError when the same is in force."""
        value, length = normalise(new.scope, new.value), new.length()
        if not new.force:
            block.refuse_protected(new.scope, value, caller, trusted=self._trusted)
        _make_room(tx, new.scope, value)
        until = bounded(tx.now + length if length else new.ends_at(), tx.now)
        row = block.make(
            new.scope,
            value,
            kind=new.kind,
            source=source,
            reason=new.reason,
            until=until,
            actor=tx.by.actor,
            now=tx.now,
        )
        row.is_forced = new.force
        return tx.done(
            tx.add(row),
            "perimeter.block.created",
            block=row.id,
            scope=row.scope,
            value=value,
            kind=row.kind,
            until=clock.iso(until),
            reason=row.reason,
        )

    @act
    def remove(self, tx: Transaction, ref: str, *, reason: str = "") -> Block:
        """Remove a block now. Its record is kept."""
        row = _expect(tx, ref)
        row.removed_at = tx.now
        return tx.done(
            row,
            "perimeter.block.removed",
            block=row.id,
            value=row.value,
            until=clock.iso(row.until),
            reason=reason,
        )

    @again_if_taken
    @act
    def block_offender(
        self, tx: Transaction, client: str, *, offences: int, ttl: timedelta, reason: str
    ) -> Block | None:
        """Block by itself; None if blocked already.

        Who is back within a day of the end of a block is held twice as long as by that one.
        """
        value = normalise(BlockScope.IP, client)
        known = queries.recent(tx.session, value, now=tx.now)
        try:
            _make_room(tx, BlockScope.IP, value)
        except AlreadyBlockedError:
            return None
        length = max([ttl, *((one.until - one.created_at) * 2 for one in known)])
        row = block.make(
            BlockScope.IP,
            value,
            kind=Kind.BAN,
            source=Source.AUTO,
            reason=reason,
            until=tx.now + min(length, LONGEST_AUTO),
            actor=tx.by.actor,
            now=tx.now,
        )
        return tx.done(
            tx.add(row),
            "waf.auto_block",
            block=row.id,
            value=value,
            offences=offences,
            repeats=len(known),
            until=clock.iso(row.until),
        )

    @again_if_taken
    @act
    def undo(self, tx: Transaction, ref: str, before: BlockBefore) -> Block:
        """Take the last act on a block back; AlreadyBlockedError when another is in its place."""
        row = tx.expect(queries.find(tx.session, ref))
        if before.removed_at is None:
            _make_room(tx, before.scope, before.value, but=row.id)
        before.restore(row)
        return tx.done(
            row, "perimeter.block.undone", block=row.id, value=row.value, until=clock.iso(row.until)
        )

    @act
    def act(self, tx: Transaction, ref: str, asked: BlockAct, *, caller: str) -> Block:
        """Raise or extend; one that has run out comes back, a removed one does not."""
        length = asked.length()
        if asked.action is Action.EXTEND and (asked.kind or asked.scope or asked.value):
            raise RuleError("action", "Use raise to make a block stronger or wider.")
        row = _expect(tx, ref)
        before = row.until
        _make_room(tx, row.scope, row.value, but=row.id)
        if length is None:
            until = asked.ends_at()
            if until <= max(before, tx.now):
                raise RuleError("until", "The new end must be after the current one.")
        elif asked.action is Action.EXTEND:
            until = max(before, tx.now) + length
        else:
            until = max(before, tx.now + length)
        row.until, row.expiry_noted = bounded(until, tx.now), False
        detail: dict[str, object] = {}
        event = "perimeter.block.extended"
        if asked.action is Action.RAISE:
            self._raise(tx, row, asked, caller)
            event = "perimeter.block.raised"
            detail = {"kind": row.kind, "scope": row.scope, "value": row.value}
        return tx.done(
            row,
            event,
            block=row.id,
            before=clock.iso(before),
            after=clock.iso(row.until),
            reason=asked.reason,
            **detail,
        )

    def _raise(self, tx: Transaction, row: Block, asked: BlockAct, caller: str) -> None:
        if asked.kind is not None:
            row.strengthen(asked.kind)
        if (asked.scope is None) != (asked.value is None):
            raise RuleError("value", "A wider block needs both scope and value.")
        if asked.scope is not None and asked.value is not None:
            value = normalise(asked.scope, asked.value)
            if (row.scope, row.value) != (asked.scope, value):
                _make_room(tx, asked.scope, value, but=row.id)
            row.widen(asked.scope, value)
            if not asked.force:
                block.refuse_protected(asked.scope, value, caller, trusted=self._trusted)
            row.is_forced = asked.force
        if row.source == Source.AUTO:
            row.source = Source.MANUAL.value

    @retried
    def note_expired(self) -> int:
        """Write the end of blocks that ran out into the audit log, once each."""
        with self.open_session() as session:
            if not queries.expired(session, now=clock.now(), most=1):
                return 0
        with revision.transaction(self.open_session) as (session, now):
            # As an act does: one of them may be prolonging what has just run out.
            chain.lock(session)
            gone = queries.expired(session, now=now, most=MOST_NOTED)
            for row in gone:
                _note_end(session, row, now)
            return len(gone)


def _expect(tx: Transaction, ref: str) -> Block:
    row = tx.expect(queries.find(tx.session, ref))
    if row.removed_at is not None:
        raise RuleError("action", "This block was removed. Add a new one.")
    return row


def _make_room(tx: Transaction, scope: str, value: str, but: str = "") -> None:
    """AlreadyBlockedError when the same is in force; one that ran out ends on record."""
    for row in queries.open_ones(tx.session, scope, value, but=but):
        if row.is_active(tx.now):
            raise AlreadyBlockedError(row)
        _note_end(tx.session, row, tx.now)
    # Before the new one: they share a place in the index.
    tx.session.flush()


def _note_end(session: Session, row: Block, now: datetime) -> None:
    row.expiry_noted = True
    chain.append(
        session,
        "perimeter.block.expired",
        actor="portal",
        at=now,
        block=row.id,
        value=row.value,
        until=clock.iso(row.until),
    )
