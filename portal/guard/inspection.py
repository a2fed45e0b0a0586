"""What the WAF says of a request, counted and remembered.

When the engine fails, public reads go on and writes are refused: an attacker must not get a write
past the rules by breaking them, and a reader must not lose the page to a fault of ours.
"""

import secrets
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from portal import clock
from portal.guard.offences import Offences
from portal.guard.offenders import TopKeys
from portal.guard.sliding import SlidingCount
from portal.guard.waf import Engine, Inspected, WafError
from portal.runtime import snapshot
from portal.runtime.counters import Counters

_log = structlog.get_logger()
MOST_RECENT = 25
_READS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Stopped:
    """A refusal as the answer tells it: a status and a reference, never the rule."""

    status: int
    reference: str


class Inspection:
    """The engine of one app with its counts."""

    def __init__(self, engine: Engine, counters: Counters, offences: Offences) -> None:
        self.engine = engine
        self._counters = counters
        self._offences = offences
        self.counting = threading.Lock()
        self.rules = TopKeys(128)
        self.addresses = TopKeys(256)
        self.agents = TopKeys(256)
        self._recent: deque[snapshot.Refused] = deque(maxlen=MOST_RECENT)
        self._lately = SlidingCount(snapshot.LATELY_SECONDS)
        self._last_block: float | None = None

    @property
    def is_on(self) -> bool:
        return self.engine.name != "off"

    def check(self, request: Inspected, *, route: str) -> Stopped | None:
        """None when the request may go on; otherwise it was counted."""
        if not self.is_on:
            return None
        self._counters.waf_evaluated.inc()
        try:
            refusal = self.engine.inspect(request)
        except WafError as error:
            self._counters.waf_errors.inc()
            _log.error("waf.failed", error=str(error), route=route)
            if request.method in _READS:
                return None
            return Stopped(503, secrets.token_hex(6))
        if refusal is None:
            return None
        now, reference = clock.now(), secrets.token_hex(6)
        agent = next((value for name, value in request.headers if name == "user-agent"), "")
        agent = "".join(one for one in agent if one.isprintable())[:120]
        seconds = now.timestamp()
        with self.counting:
            self._counters.waf_blocked.inc()
            self._counters.waf_rule_hits.labels(refusal.rule).inc()
            self._lately.add(seconds)
            self._last_block = seconds
            self.rules.count(refusal.rule, is_allowed=False, route=route, at=seconds)
            self.addresses.count(request.address, is_allowed=False, route=route, at=seconds)
            if agent:
                self.agents.count(agent, is_allowed=False, route=route, at=seconds)
            self._recent.appendleft(
                snapshot.Refused(
                    at=now,
                    reference=reference,
                    address=request.address,
                    rule=refusal.rule,
                    route=route,
                    agent=agent,
                )
            )
        _log.info("waf.refused", rule=refusal.rule, reference=reference, route=route)
        if not _was_led_here(request):
            self._offences.hit(request.address)
        return Stopped(refusal.status, reference)

    def last_block_at(self) -> datetime | None:
        return None if self._last_block is None else clock.at(self._last_block)

    def recent(self) -> list[snapshot.Refused]:
        """The last refusals of this process, the newest first."""
        with self.counting:
            return list(self._recent)

    def figures(self) -> snapshot.Waf:
        """The WAF as the snapshot has it, without what the store and the blocks add."""
        counts = self._counters.read()
        rule = self._offences.rule
        with self.counting:
            tops = [
                [one.shown() for one in table.top(15)]
                for table in (self.rules, self.addresses, self.agents)
            ]
            lately = self._lately.total(clock.now().timestamp())
        return snapshot.Waf(
            engine=self.engine.name,
            rule_set=self.engine.rule_set,
            library=self.engine.library,
            evaluated=counts.waf_evaluated,
            blocked=counts.waf_blocked,
            errors=counts.waf_errors,
            last_block_at=self.last_block_at(),
            by_rule=tops[0],
            by_address=tops[1],
            by_agent=tops[2],
            recent_blocks=self.recent(),
            blocked_lately=lately,
            auto_block=snapshot.AutoBlock(
                enabled=rule is not None,
                threshold=rule.threshold if rule else 0,
                window_seconds=int(rule.window.total_seconds()) if rule else 0,
                ttl_seconds=int(rule.ttl.total_seconds()) if rule else 0,
                events=counts.auto_blocks,
                active=[],
            ),
        )


def _was_led_here(request: Inspected) -> bool:
    """Whether another site's page, or a link that somebody followed, made the browser ask this.

    Such requests are refused like others, but their sender is no attacker: else eight pictures on
    any page would block all who read it.
    """
    headers = dict(request.headers)
    site = headers.get("sec-fetch-site")
    if site is None:
        # Browsers name only the page that led here, over plain HTTP and before 2023.
        referer = urlsplit(headers.get("referer", "")).netloc
        return bool(referer) and referer != headers.get("host")
    is_visit = request.method in _READS and headers.get("sec-fetch-mode") == "navigate"
    return is_visit or site not in {"same-origin", "none"}
