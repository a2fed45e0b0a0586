"""The perimeter: foreign origins and blocked addresses are turned away before anything is done.

Each process holds a copy of the blocks in force, as dictionaries: a look costs the same with ten
blocks and with a hundred thousand. The copy is renewed when the perimeter's revision moves; with
the database away the last copy goes on.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.guard import address, blocks
from portal.guard.address import Network
from portal.guard.blocks import Block, BlockScope, Kind, Source
from portal.guard.offenders import TopKeys
from portal.guard.origins import MOST_CHARACTERS, Origins
from portal.guard.sliding import SlidingCount
from portal.runtime import snapshot
from portal.runtime.counters import Counters
from portal.store import revision

_log = structlog.get_logger()
REFRESH_EVERY = timedelta(milliseconds=500)
ACTIVE_ORIGIN_SECONDS = 900.0
MOST_RECENT = 25
MOST_HELD_LOCALLY = 4096
MOST_SHOWN = 50
_ALWAYS_OPEN = ("/unsubscribe/", "/subscription/")


@dataclass(frozen=True, slots=True)
class Held:
    """A block as it is enforced; `until` in seconds since the epoch."""

    id: str
    until: float
    kind: Kind
    source: Source
    is_forced: bool
    value: str = ""

    def leaves_a_trickle(self, path: str, *, is_ready: bool) -> bool:
        """A throttle; one that came by itself, for public reads and for unsubscribing.

        Whoever shares an address with an attacker can still read that something is wrong.
        """
        if self.kind is Kind.THROTTLE:
            return True
        return self.source is Source.AUTO and (is_ready or path.startswith(_ALWAYS_OPEN))


class Copy:
    """The blocks in force, made for looking up."""

    def __init__(self, rows: list[Block]) -> None:
        self.rows = rows
        self.exact: dict[tuple[str, str], Held] = {}
        ranges: dict[tuple[int, int], dict[int, Held]] = {}
        for row in rows:
            held = Held(
                row.id,
                row.until.timestamp(),
                Kind(row.kind),
                Source(row.source),
                row.is_forced,
                row.value,
            )
            if row.scope != BlockScope.RANGE:
                self.exact[row.scope, row.value] = held
                continue
            network = ip_network(row.value)
            shift = network.max_prefixlen - network.prefixlen
            table = ranges.setdefault((network.version, shift), {})
            table[int(network.network_address) >> shift] = held
        # The longest prefix first: what says most about an address decides.
        self.ranges = sorted(ranges.items(), key=lambda item: item[0][1])

    def find(self, client: str, key: str, now: float) -> Held | None:
        """The block that holds a client at `now`."""
        for name in (("ip", key[3:]), ("key", key)):
            held = self.exact.get(name)
            if held is not None and now < held.until:
                return held
        if self.ranges:
            found = address.parse(client)
            if found is not None:
                number, version = int(found), found.version
                for (of_version, shift), table in self.ranges:
                    if of_version == version:
                        held = table.get(number >> shift)
                        if held is not None and now < held.until:
                            return held
        return None

    def find_origin(self, origin: str, now: float) -> Held | None:
        held = self.exact.get(("origin", origin))
        return held if held is not None and now < held.until else None


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a request may not come in; `held` is None for an origin that is on no list."""

    held: Held | None
    origin: str = ""

    @property
    def leaves_reads(self) -> bool:
        """Whether some reads may go on: at a throttle, and at a block that came by itself."""
        held = self.held
        return held is not None and (held.kind is Kind.THROTTLE or held.source is Source.AUTO)

    def retry_after(self, now: float) -> int | None:
        return max(1, int(self.held.until - now + 0.999)) if self.held else None


class Perimeter:
    """Judges by the copy, counts what it refuses, and tells the panel."""

    def __init__(
        self,
        open_session: Callable[[], Session],
        counters: Counters,
        origins: Origins,
        *,
        trusted: tuple[Network, ...],
        undeclared: Callable[[], list[str]] = list,
    ) -> None:
        self._undeclared = undeclared
        self._open_session = open_session
        self._counters = counters
        self._origins = origins
        self._trusted = trusted
        self._copy = Copy([])
        self._local: dict[str, Held] = {}
        # Another object after every change of who is held.
        self.state = object()
        self._revision = -1
        self._refreshed_at: datetime | None = None
        self._refreshing = threading.Lock()
        self.counting = threading.Lock()
        self._last_blocked: float | None = None
        self.top_origins = TopKeys(256)
        self._recent: deque[snapshot.Refused] = deque(maxlen=MOST_RECENT)
        self._lately = SlidingCount(snapshot.LATELY_SECONDS)
        self.is_supervised = False

    def judge(
        self,
        client: str,
        key: str,
        *,
        origin: str | None,
        host: Callable[[], str],
        path: str,
        method: str,
        now: datetime,
    ) -> Denied | None:
        """None in the common case; a throttle is told too, for the limit to be strict."""
        if not self.is_supervised:
            self._refresh_if_old(now)
        seconds = now.timestamp()
        held = self._copy.find(client, key, seconds)
        if held is None and self._local:
            held = self._local.get(key)
            if held is not None and seconds >= held.until:
                held = None
        # The trusted come first; only a block that was forced on them holds.
        if held is not None and (held.is_forced or not address.is_trusted(client, self._trusted)):
            return Denied(held)
        if origin:
            held = self._copy.find_origin(origin.lower(), seconds)
            if held is not None:
                return Denied(held, origin)
            if not self._origins.allows(origin, host=host(), path=path, method=method):
                return Denied(None, origin)
        return None

    def refused(self, denied: Denied, *, client: str, route: str, now: datetime) -> str:
        """Count a refusal and give it a reference that its answer and the panel share."""
        reference = secrets.token_hex(6)
        seconds = now.timestamp()
        with self.counting:
            self._counters.perimeter_blocked.inc()
            self._lately.add(seconds)
            self._last_blocked = seconds
            if denied.origin:
                name = "".join(one for one in denied.origin if one.isprintable())
                self.top_origins.count(
                    name[:MOST_CHARACTERS], is_allowed=False, route=route, at=seconds
                )
            self._recent.appendleft(
                snapshot.Refused(
                    at=now,
                    reference=reference,
                    address=client,
                    rule=denied.held.id if denied.held else "foreign origin",
                    route=route,
                )
            )
        return reference

    def forget(self) -> None:
        """Begin without blocks: those that a process was forked with may be lifted by now."""
        self._copy, self._revision, self.state = Copy([]), -1, object()

    def refresh(self, known: int | None = None) -> bool:
        """Renew the copy if the revision moved; False, and it stays, when it cannot be read.

        `known` is the revision where somebody has just asked the database for it.
        """
        if known is not None and known == self._revision:
            self._refreshed_at = clock.now()
            return True
        with self._refreshing:
            now = clock.now()
            self._refreshed_at = now
            try:
                with self._open_session() as session:
                    number = revision.current(session, revision.PERIMETER)
                    if number == self._revision:
                        return True
                    rows = blocks.active(session, now=now)
                    session.expunge_all()
            except SQLAlchemyError as error:
                _log.warning("perimeter.database_unreachable", error=type(error).__name__)
                self._refreshed_at = clock.now()
                return False
            self._copy, self._revision = Copy(rows), number
            # What was held for want of a database is in the copy by now, or was lifted.
            self._local = {}
            self.state = object()
            return True

    def hold_locally(self, key: str, held: Held) -> None:
        """Block in this process alone, while the database cannot be written."""
        if len(self._local) < MOST_HELD_LOCALLY:
            self._local = {**self._local, key: held}
            self.state = object()

    def _refresh_if_old(self, now: datetime) -> None:
        refreshed_at = self._refreshed_at
        if refreshed_at is None or abs(now - refreshed_at) >= REFRESH_EVERY:
            self.refresh()

    def figures(self) -> snapshot.Perimeter:
        """The perimeter as the snapshot has it."""
        now = clock.now()
        seconds = now.timestamp()
        if not self.is_supervised:
            self._refresh_if_old(now)
        rows = [row for row in self._copy.rows if row.is_active(now)]
        with self.counting:
            last, recent = self._last_blocked, list(self._recent)
            recently = self.top_origins.seen_since(seconds - ACTIVE_ORIGIN_SECONDS)
            top = self.top_origins.top(15)
            lately = self._lately.total(seconds)
        rows.sort(key=lambda row: row.created_at, reverse=True)
        return snapshot.Perimeter(
            total_blocked=self._counters.read().perimeter_blocked,
            last_blocked_at=None if last is None else clock.at(last),
            active_blocked_origins=recently,
            blocked_origins=[one.shown() for one in top],
            active_blocks=len(rows),
            auto_blocks=sum(row.source == Source.AUTO for row in rows),
            blocks=[
                snapshot.ActiveBlock(
                    id=row.id,
                    scope=row.scope,
                    value=row.value,
                    kind=row.kind,
                    source=row.source,
                    reason=row.reason,
                    created_at=row.created_at,
                    until=row.until,
                    created_by=row.created_by,
                    version=row.version,
                )
                for row in rows[:MOST_SHOWN]
            ],
            recent=recent,
            blocked_lately=lately,
            undeclared_proxies=self._undeclared(),
        )
