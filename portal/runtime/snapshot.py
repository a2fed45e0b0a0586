"""The whole runtime picture at an instant: what panel, API, readiness and feed agree on.

One file, longer than others, because it is one schema: an exported snapshot keeps to it.
"""

from datetime import datetime
from typing import Any

from portal.schemas import Camel

# How far `blockedLately` reaches back.
LATELY_SECONDS = 300


class Check(Camel):
    name: str
    status: str
    output: str | None = None
    observed_value: float | None = None
    observed_unit: str | None = None


class Readiness(Camel):
    status: str
    checks: list[Check]


class LimitConfig(Camel):
    rate: str
    limit: int
    window_seconds: int
    strategy: str
    storage: str


class LimitWindow(Camel):
    started_at: datetime
    ends_at: datetime
    hits: int
    allowed: int
    blocked: int
    active_keys: int
    busiest_key: str | None
    blocked_ratio: float
    requests_per_second: float


class NearKey(Camel):
    """A key that has used 80 % of its limit or more; `used` is a share from 0 to 1."""

    key: str
    hits: int
    limit: int
    used: float


class RouteCount(Camel):
    route: str
    hits: int


class Consumer(Camel):
    key: str
    hits: int
    allowed: int
    blocked: int
    first_seen_at: datetime
    last_seen_at: datetime
    routes: list[RouteCount]


class Totals(Camel):
    hits: int
    allowed: int
    blocked: int


class RateLimit(Camel):
    config: LimitConfig
    storage_up: bool
    current_window: LimitWindow
    approaching_limit: list[NearKey]
    history: list[LimitWindow]
    lifetime: Totals
    top_consumers: list[Consumer]
    last_limit_triggered_at: datetime | None


class CountPoint(Camel):
    """How many there were in the minute before `at`."""

    at: datetime
    count: int


class Refused(Camel):
    """A refusal; `reference` is what the one who was refused can read out."""

    at: datetime
    reference: str
    address: str
    rule: str
    route: str
    agent: str = ""


class ActiveBlock(Camel):
    id: str
    scope: str
    value: str
    kind: str
    source: str
    reason: str
    created_at: datetime
    until: datetime
    created_by: str
    version: int


class Perimeter(Camel):
    total_blocked: int
    last_blocked_at: datetime | None
    active_blocked_origins: int
    blocked_origins: list[Consumer]
    active_blocks: int
    auto_blocks: int
    blocks: list[ActiveBlock]
    recent: list[Refused]
    blocked_lately: int = 0
    # Private peers that forward requests of others and are no declared proxies.
    undeclared_proxies: list[str] = []
    history: list[CountPoint] = []


class AutoBlock(Camel):
    """When the WAF's refusals become a block; `enabled` is false when it never does."""

    enabled: bool
    threshold: int
    window_seconds: int
    ttl_seconds: int
    events: int
    active: list[ActiveBlock]


class Waf(Camel):
    """Counters are totals of the node since it started."""

    engine: str
    rule_set: str
    library: str = ""
    evaluated: int
    blocked: int
    errors: int
    last_block_at: datetime | None
    by_rule: list[Consumer]
    by_address: list[Consumer]
    by_agent: list[Consumer]
    recent_blocks: list[Refused]
    auto_block: AutoBlock
    blocked_lately: int = 0
    history: list[CountPoint] = []


class WorkerPoint(Camel):
    at: datetime
    pending: int


class Worker(Camel):
    """A background consumer; `status` is healthy, stopped or error."""

    name: str
    status: str
    is_required: bool
    pending: int
    stuck: int
    failed: int
    interval_ms: int
    last_sample_at: datetime | None
    note: str
    history: list[WorkerPoint]


class PoolSample(Camel):
    at: datetime
    borrowed: int
    pending: int


class DatabasePool(Camel):
    engine: str
    size: int
    available: int
    borrowed: int
    pending: int
    last_event_at: datetime | None
    history: list[PoolSample] = []


class Scraper(Camel):
    name: str
    is_manual: bool
    last_scrape_at: datetime | None
    age_seconds: int
    stale: bool


class ScrapeAttempt(Camel):
    at: datetime
    address: str
    scraper: str | None
    status: int
    reason: str


class Metrics(Camel):
    """`enabled` is false while no token is configured; then nothing can be stale.

    `isSetUp` is false until a first scraper has come, unless one is expected by the settings; then
    nothing is stale either.
    """

    enabled: bool
    last_scrape_at: datetime | None
    seconds_since_last_scrape: int
    scrapes: int
    stale: bool
    stale_threshold_seconds: int
    scrapers: list[Scraper]
    recent_attempts: list[ScrapeAttempt]
    is_set_up: bool = True
    history: list[CountPoint] = []


class RunningWindow(Camel):
    """A window that runs, comes or has just ended; `endsSoon` in its last ten minutes."""

    reference: str
    title: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    version: int
    ends_soon: bool = False


class Maintenance(Camel):
    """`justEnded` are those whose planned end has passed so lately that they can be extended."""

    active: list[RunningWindow]
    upcoming: list[RunningWindow]
    announcements_active: int
    revision: int
    board_age_seconds: float
    just_ended: list[RunningWindow] = []


class SecurityEvent(Camel):
    seq: int
    at: datetime
    type: str
    actor: str
    summary: str
    detail: dict[str, Any] = {}


class Security(Camel):
    """`level` is calm, or elevated after five refused logins among the events.

    `spooled` is how many events wait outside the database.
    """

    level: str
    events: list[SecurityEvent]
    spooled: int


class Alert(Camel):
    """What holds now; `subject` tells several of one id apart, such as a worker's name.

    `source` is portal, or alertmanager; `lapsedAt` is when one of others was no longer counted,
    because its sender had not told of it again; `also` names alerts of others that say the same;
    `acknowledgedBy` is who takes care of it.
    """

    id: str
    title: str
    severity: str
    since: datetime
    value: float
    threshold: float
    unit: str
    labels: dict[str, str]
    runbook: str
    subject: str = ""
    source: str = "portal"
    lapsed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    also: list[str] = []


class LifecycleState(Camel):
    """The phase of the node; since, by and why are empty while it is simply ready."""

    phase: str
    since: str
    by: str
    why: str


class Snapshot(Camel):
    id: str
    generated_at: datetime
    environment: str
    lifecycle: LifecycleState
    readiness: Readiness
    liveness: str
    rate_limit: RateLimit
    perimeter: Perimeter
    waf: Waf
    database_pool: DatabasePool
    metrics: Metrics
    workers: list[Worker]
    maintenance: Maintenance | None
    security: Security | None
    alerts: list[Alert]
    lapsed_alerts: list[Alert] = []
