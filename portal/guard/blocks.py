"""Blocks: who may not come in, until when, and why; the one writer of them.

`extend` puts the end off by a duration from where it stands, or from now when it has passed;
`raise` makes it at least that long from now, and may make it stronger or wider.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_network

from pydantic import Field, field_validator
from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock, durations
from portal.audit import chain
from portal.errors import NotFoundError, RuleError, StaleVersionError
from portal.guard import address, origins
from portal.guard.address import Network
from portal.schemas import Camel, Instant
from portal.store import engine, revision
from portal.store.base import Base
from portal.store.errors import retried
from portal.store.idempotency import IdempotencyKey
from portal.store.revision import Writer

LONGEST = timedelta(days=30)
LONGEST_AUTO = timedelta(hours=48)
REPEATS_WITHIN = timedelta(hours=24)
_WIDEST = {4: 8, 6: 19}


class BlockScope(StrEnum):
    """From the narrowest to the widest kind of address; keys and origins stand beside."""

    IP = "ip"
    RANGE = "range"
    KEY = "key"
    ORIGIN = "origin"


class Kind(StrEnum):
    """A throttle leaves a tenth of the limit; a ban leaves nothing."""

    THROTTLE = "throttle"
    BAN = "ban"


class Source(StrEnum):
    AUTO = "auto"
    MANUAL = "manual"
    IMPORT = "import"


class Action(StrEnum):
    RAISE = "raise"
    EXTEND = "extend"


class AlreadyBlockedError(Exception):
    """The same is blocked already; `current` is that block."""

    def __init__(self, current: "Block") -> None:
        super().__init__("blocked already")
        self.current = current


class Block(Base):
    """One decision. `removed_at` is when someone lifted it before its end."""

    __tablename__ = "block"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    scope: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(200), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    created_by: Mapped[str] = mapped_column(String(120))
    is_forced: Mapped[bool]
    removed_at: Mapped[datetime | None]
    expiry_noted: Mapped[bool]
    version: Mapped[int]

    def is_active(self, now: datetime) -> bool:
        return self.removed_at is None and now < self.until


class _Span(Camel):
    """How long: exactly one of a duration from now and an instant."""

    duration: str | None = Field(default=None, max_length=20)
    until: Instant | None = None

    @field_validator("duration")
    @classmethod
    def _is_duration(cls, text: str | None) -> str | None:
        if text is not None:
            durations.parse(text)
        return text

    def length(self) -> timedelta | None:
        if (self.duration is None) == (self.until is None):
            raise RuleError("duration", "Say either how long (duration) or until when (until).")
        return durations.parse(self.duration) if self.duration else None


class BlockIn(_Span):
    """A new block."""

    scope: BlockScope
    value: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
    kind: Kind = Kind.BAN
    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    force: bool = False


class BlockAct(_Span):
    """Raise or extend; kind, scope and value only with `raise`."""

    action: Action
    reason: str = Field(default="", max_length=500, pattern=r"^[^\x00]*$")
    kind: Kind | None = None
    scope: BlockScope | None = None
    value: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f]*$")
    force: bool = False


class BlockOut(Camel):
    """A block as operators see it."""

    id: str
    scope: BlockScope
    value: str
    kind: Kind
    source: Source
    reason: str
    created_at: datetime
    until: datetime
    created_by: str
    is_active: bool
    removed_at: datetime | None
    version: int


def out(row: Block, *, now: datetime) -> BlockOut:
    return BlockOut(
        id=row.id,
        scope=BlockScope(row.scope),
        value=row.value,
        kind=Kind(row.kind),
        source=Source(row.source),
        reason=row.reason,
        created_at=row.created_at,
        until=row.until,
        created_by=row.created_by,
        is_active=row.is_active(now),
        removed_at=row.removed_at,
        version=row.version,
    )


def normalise(scope: BlockScope, value: str) -> str:
    """The one spelling of what is blocked; RuleError when it is none."""
    value = value.strip()
    if scope is BlockScope.KEY:
        kind, _, rest = value.partition(":")
        is_address = kind == "ip" and value != address.UNKNOWN
        return f"ip:{normalise(BlockScope.IP, rest)}" if is_address else value
    if scope is BlockScope.ORIGIN:
        found = origins.normalise(value)
        if found is None:
            raise RuleError("value", "An origin looks like https://www.example.com.")
        return found
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise RuleError("value", "This is not an address or a range of addresses.") from None
    if network.version == 6 and network.network_address.ipv4_mapped:
        network = ip_network(str(network.network_address.ipv4_mapped))
    if scope is BlockScope.IP:
        if network.version == 6 and network.prefixlen >= 64:
            # One client has a /64 of its own; a single address of it blocks nobody.
            return str(ip_network((network.network_address, 64), strict=False))
        if network.prefixlen == network.max_prefixlen:
            return str(network.network_address)
        raise RuleError("value", "This is a range; the scope for it is range.")
    if network.prefixlen < _WIDEST[network.version]:
        raise RuleError("value", f"The widest range is a /{_WIDEST[network.version]}.")
    return str(network)


def covers(scope: BlockScope, value: str, client: str) -> bool:
    """Whether a block of this value would hold the client's address."""
    found = address.parse(client)
    if found is None or scope is BlockScope.ORIGIN:
        return False
    if scope is BlockScope.KEY:
        return value == address.key_of(client)
    return found in ip_network(value)


def find(session: Session, ref: str) -> Block | None:
    """By id, or the active one of that value."""
    return session.get(Block, ref) or session.scalar(
        select(Block)
        .where(Block.value == ref, Block.removed_at.is_(None))
        .order_by(Block.until.desc())
        .limit(1)
    )


def active(session: Session, *, now: datetime) -> list[Block]:
    """All that are in force."""
    return list(session.scalars(select(Block).where(Block.until > now, Block.removed_at.is_(None))))


def page(
    session: Session, *, now: datetime, only_active: bool, limit: int, offset: int
) -> tuple[list[Block], int]:
    """Blocks, the newest first, and how many there are."""
    query = select(Block)
    if only_active:
        query = query.where(Block.until > now, Block.removed_at.is_(None))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.order_by(Block.created_at.desc(), Block.id).limit(limit).offset(offset)
    )
    return list(rows), total


class Blocks(Writer):
    """The only writer; `on_change` puts a commit in force in this process at once."""

    revision = revision.PERIMETER

    def __init__(
        self,
        open_session: Callable[[], Session],
        on_change: Callable[[], None],
        *,
        trusted: tuple[Network, ...],
    ) -> None:
        super().__init__(open_session, on_change)
        self._trusted = trusted

    @retried
    def add(
        self,
        wish: BlockIn,
        *,
        actor: str,
        caller: str,
        source: Source = Source.MANUAL,
        once: IdempotencyKey | None = None,
    ) -> Block:
        """A new block; AlreadyBlockedError when the same is in force."""
        value = normalise(wish.scope, wish.value)
        length = wish.length()
        self._spare(wish.scope, value, caller, force=wish.force)
        with self._change() as (session, now):
            _refuse_double(session, wish.scope, value, now)
            until = _bounded(wish.until if length is None else now + length, now)
            row = _new(wish.scope, value, wish.kind, source, wish.reason, until, actor, now)
            row.is_forced = wish.force
            session.add(row)
            chain.append(
                session,
                "perimeter.block.created",
                actor=actor,
                at=now,
                block=row.id,
                scope=row.scope,
                value=value,
                kind=row.kind,
                until=clock.iso(until),
                reason=row.reason,
            )
            if once is not None:
                once.store(session, row, now)
        return row

    @retried
    def act(
        self,
        ref: str,
        wish: BlockAct,
        *,
        version: int | None,
        actor: str,
        caller: str,
        once: IdempotencyKey | None = None,
    ) -> Block:
        """Raise or extend; one that has run out comes back, a removed one does not."""
        length = wish.length()
        if wish.action is Action.EXTEND and (wish.kind or wish.scope or wish.value):
            raise RuleError("action", "Only raise can make a block stronger or wider.")
        with self._change() as (session, now):
            row = _expect(session, ref, version)
            before = row.until
            if length is None:
                assert wish.until is not None
                until = wish.until
                if until <= max(before, now):
                    raise RuleError("until", "The end must be later than it is now.")
            elif wish.action is Action.EXTEND:
                until = max(before, now) + length
            else:
                until = max(before, now + length)
            row.until = _bounded(until, now)
            row.expiry_noted = False
            detail: dict[str, object] = {}
            if wish.action is Action.RAISE:
                self._raise(session, row, wish, caller, now)
                detail = {"kind": row.kind, "scope": row.scope, "value": row.value}
            row.version += 1
            chain.append(
                session,
                "perimeter.block.raised"
                if wish.action is Action.RAISE
                else "perimeter.block.extended",
                actor=actor,
                at=now,
                block=row.id,
                before=clock.iso(before),
                after=clock.iso(row.until),
                reason=wish.reason,
                **detail,
            )
            if once is not None:
                once.store(session, row, now)
        return row

    def _raise(
        self, session: Session, row: Block, wish: BlockAct, caller: str, now: datetime
    ) -> None:
        if wish.kind is not None:
            if list(Kind).index(wish.kind) < list(Kind).index(Kind(row.kind)):
                raise RuleError("kind", "Raising cannot make a block weaker.")
            row.kind = wish.kind.value
        if (wish.scope is None) != (wish.value is None):
            raise RuleError("value", "A wider block needs its scope and its value.")
        if wish.scope is not None and wish.value is not None:
            value = normalise(wish.scope, wish.value)
            if wish.scope is not BlockScope.RANGE or row.scope not in ("ip", "range"):
                raise RuleError("scope", "Only an address can be widened, and only to a range.")
            inner, outer = ip_network(row.value), ip_network(value)
            if inner.version != outer.version or not inner.subnet_of(outer):  # type: ignore[arg-type]
                raise RuleError("value", f"The range must hold {row.value}.")
            self._spare(wish.scope, value, caller, force=wish.force)
            row.scope, row.value, row.is_forced = wish.scope.value, value, wish.force
            _refuse_double(session, wish.scope, value, now, but=row.id)
        if row.source == Source.AUTO:
            row.source = Source.MANUAL.value

    @retried
    def remove(
        self,
        ref: str,
        *,
        version: int | None,
        actor: str,
        reason: str = "",
        once: IdempotencyKey | None = None,
    ) -> Block:
        """Lift a block now; its record stays."""
        with self._change() as (session, now):
            row = _expect(session, ref, version)
            row.removed_at = now
            row.version += 1
            chain.append(
                session,
                "perimeter.block.removed",
                actor=actor,
                at=now,
                block=row.id,
                value=row.value,
                until=clock.iso(row.until),
                reason=reason,
            )
            if once is not None:
                once.store(session, row, now)
        return row

    @retried
    def block_offender(
        self, client: str, *, offences: int, ttl: timedelta, reason: str
    ) -> Block | None:
        """Block by itself; None if blocked already.

        Who is back within a day of the end of a block is held twice as long as by that one.
        """
        value = normalise(BlockScope.IP, client)
        with self._change() as (session, now):
            known = session.scalars(
                select(Block).where(
                    Block.value == value,
                    Block.scope == BlockScope.IP,
                    Block.removed_at.is_(None),
                    Block.until > now - REPEATS_WITHIN,
                )
            ).all()
            if any(one.is_active(now) for one in known):
                return None
            lengths = [one.until - one.created_at for one in known]
            length = max([ttl, *(one * 2 for one in lengths)])
            until = now + min(length, LONGEST_AUTO)
            row = _new(BlockScope.IP, value, Kind.BAN, Source.AUTO, reason, until, "portal", now)
            session.add(row)
            chain.append(
                session,
                "waf.auto_block",
                actor="portal",
                at=now,
                block=row.id,
                value=value,
                offences=offences,
                repeats=len(known),
                until=clock.iso(until),
            )
        return row

    @retried
    def note_expired(self) -> int:
        """Write the end of blocks that ran out into the audit log, once each."""
        with self.open_session() as session:
            engine.begin_write(session)
            now = clock.now()
            gone = session.scalars(
                select(Block)
                .where(Block.until <= now, Block.removed_at.is_(None), ~Block.expiry_noted)
                .order_by(Block.until)
                .limit(500)
            ).all()
            for row in gone:
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
            session.commit()
            return len(gone)

    def _spare(self, scope: BlockScope, value: str, caller: str, *, force: bool) -> None:
        if force:
            return
        if covers(scope, value, caller):
            raise RuleError("value", "This holds your own address; send force to block it anyway.")
        if scope is BlockScope.KEY and value.startswith("ip:") and value != address.UNKNOWN:
            scope, value = BlockScope.IP, value.removeprefix("ip:")
        if scope is BlockScope.ORIGIN or scope is BlockScope.KEY:
            return
        network = ip_network(value, strict=False)
        spared = [ip_network("127.0.0.0/8"), IPv6Address("::1"), *self._trusted]
        for one in spared:
            if network.overlaps(ip_network(one)):
                raise RuleError(
                    "value", f"This holds {one}, which is trusted; send force to block it anyway."
                )


def _new(
    scope: BlockScope,
    value: str,
    kind: Kind,
    source: Source,
    reason: str,
    until: datetime,
    actor: str,
    now: datetime,
) -> Block:
    return Block(
        id=f"blk{secrets.token_hex(5)}",
        scope=scope.value,
        value=value,
        kind=kind.value,
        source=source.value,
        reason=reason,
        created_at=now,
        until=until,
        created_by=actor,
        is_forced=False,
        removed_at=None,
        expiry_noted=False,
        version=1,
    )


def _bounded(until: datetime | None, now: datetime) -> datetime:
    assert until is not None
    if until <= now:
        raise RuleError("until", "The end must be in the future.")
    if until - now > LONGEST:
        raise RuleError("until", f"A block lasts {LONGEST.days} days at most.")
    return until


def _expect(session: Session, ref: str, version: int | None) -> Block:
    row = find(session, ref)
    if row is None:
        raise NotFoundError
    if version is not None and row.version != version:
        raise StaleVersionError(row)
    if row.removed_at is not None:
        raise RuleError("action", "This block was removed; add a new one.")
    return row


def _refuse_double(
    session: Session, scope: BlockScope, value: str, now: datetime, but: str = ""
) -> None:
    for row in session.scalars(
        select(Block).where(
            Block.value == value,
            Block.scope == scope,
            Block.until > now,
            Block.removed_at.is_(None),
            Block.id != but,
        )
    ):
        raise AlreadyBlockedError(row)
