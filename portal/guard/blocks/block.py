"""A block: its row, what it holds, and the rules of how long and whom."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_network

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.errors import RuleError
from portal.guard import address, origins
from portal.guard.address import Network
from portal.store.base import Base

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
    """A ban refuses all requests. A throttle allows a tenth of the limit."""

    THROTTLE = "throttle"
    BAN = "ban"


class Source(StrEnum):
    AUTO = "auto"
    MANUAL = "manual"
    IMPORT = "import"


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
    created_at: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime] = mapped_column(index=True)
    created_by: Mapped[str] = mapped_column(String(120))
    is_forced: Mapped[bool]
    removed_at: Mapped[datetime | None]
    expiry_noted: Mapped[bool]
    version: Mapped[int]

    __table_args__ = (
        # One block of a value at a time. Whether one has run out is a question of the clock, so
        # one that has counts until its end is noted, which a new one of the same value does.
        Index(
            "uq_block_open",
            "scope",
            "value",
            unique=True,
            sqlite_where=text("removed_at IS NULL AND NOT expiry_noted"),
            postgresql_where=text("removed_at IS NULL AND NOT expiry_noted"),
        ),
    )

    def is_active(self, now: datetime) -> bool:
        return self.removed_at is None and now < self.until

    def widen(self, scope: BlockScope, value: str) -> None:
        """Make it a range that holds what it holds; RuleError for any other."""
        if scope is not BlockScope.RANGE or self.scope not in ("ip", "range"):
            raise RuleError("scope", "Only an address can be widened, and only to a range.")
        inner, outer = ip_network(self.value), ip_network(value)
        if inner.version != outer.version or not inner.subnet_of(outer):  # type: ignore[arg-type]
            raise RuleError("value", f"The range must contain {self.value}.")
        self.scope, self.value = scope.value, value

    def strengthen(self, kind: Kind) -> None:
        """Make a throttle a ban; RuleError for the other way."""
        if list(Kind).index(kind) < list(Kind).index(Kind(self.kind)):
            raise RuleError("kind", "Raise cannot make a block weaker.")
        self.kind = kind.value


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
            raise RuleError("value", "Write an origin such as https://www.example.com.")
        return found
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise RuleError("value", "Write an IP address or an address range.") from None
    if network.version == 6 and network.network_address.ipv4_mapped:
        network = ip_network(str(network.network_address.ipv4_mapped))
    if scope is BlockScope.IP:
        if network.version == 6 and network.prefixlen >= 64:
            # One client has a /64 of its own; a single address of it blocks nobody.
            return str(ip_network((network.network_address, 64), strict=False))
        if network.prefixlen == network.max_prefixlen:
            return str(network.network_address)
        raise RuleError("value", "This is a range. Use the scope range.")
    if network.prefixlen < _WIDEST[network.version]:
        raise RuleError("value", f"The widest allowed range is /{_WIDEST[network.version]}.")
    return str(network)


def covers(scope: BlockScope, value: str, client: str) -> bool:
    """Whether a block of this value would hold the client's address."""
    found = address.parse(client)
    if found is None or scope is BlockScope.ORIGIN:
        return False
    if scope is BlockScope.KEY:
        return value == address.key_of(client)
    return found in ip_network(value)


def refuse_protected(
    scope: BlockScope, value: str, caller: str, *, trusted: tuple[Network, ...]
) -> None:
    """RuleError for a block of the caller, of loopback or of a proxy of ours."""
    if covers(scope, value, caller):
        raise RuleError("value", "This contains your own address. Use force to block it anyway.")
    if scope is BlockScope.KEY and value.startswith("ip:") and value != address.UNKNOWN:
        scope, value = BlockScope.IP, value.removeprefix("ip:")
    if scope is BlockScope.ORIGIN or scope is BlockScope.KEY:
        return
    network = ip_network(value, strict=False)
    protected = [ip_network("127.0.0.0/8"), IPv6Address("::1"), *trusted]
    for one in protected:
        if network.overlaps(ip_network(one)):
            raise RuleError(
                "value", f"This contains {one}, which is trusted. Use force to block it anyway."
            )


def make(
    scope: BlockScope,
    value: str,
    *,
    kind: Kind,
    source: Source,
    reason: str,
    until: datetime,
    actor: str,
    now: datetime,
) -> Block:
    """A new one that nobody has forced or removed."""
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


def bounded(until: datetime, now: datetime) -> datetime:
    """The end of a block; RuleError for one that is past or too far off."""
    if until <= now:
        raise RuleError("until", "The end must be in the future.")
    if until - now > LONGEST:
        raise RuleError("until", f"A block can last {LONGEST.days} days at most.")
    return until
