"""The whole runtime picture at an instant: what panel, API, readiness and feed agree on."""

from datetime import datetime

from portal.status.terms import Camel


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
    """`enabled` is false while no token is configured; then nothing can be stale."""

    enabled: bool
    last_scrape_at: datetime | None
    seconds_since_last_scrape: int
    scrapes: int
    stale: bool
    stale_threshold_seconds: int
    scrapers: list[Scraper]
    recent_attempts: list[ScrapeAttempt]


class RunningWindow(Camel):
    reference: str
    title: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    version: int


class Maintenance(Camel):
    active: list[RunningWindow]
    upcoming: list[RunningWindow]
    announcements_active: int
    revision: int
    board_age_seconds: float


class SecurityEvent(Camel):
    seq: int
    at: datetime
    type: str
    actor: str
    summary: str


class Security(Camel):
    """`level` is calm, or elevated after five refused logins among the events."""

    level: str
    events: list[SecurityEvent]


class Alert(Camel):
    id: str
    title: str
    severity: str
    since: datetime
    value: float
    threshold: float
    unit: str
    labels: dict[str, str]
    runbook: str


class Snapshot(Camel):
    id: str
    generated_at: datetime
    environment: str
    readiness: Readiness
    liveness: str
    rate_limit: RateLimit
    database_pool: DatabasePool
    metrics: Metrics
    maintenance: Maintenance | None
    security: Security | None
    alerts: list[Alert]
