"""Monitors as API, forms and CLI send them, and as they are answered."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
    model_validator,
)

from portal import field_errors
from portal.errors import RuleError
from portal.monitors.health import Health
from portal.monitors.kinds.base import Config
from portal.monitors.kinds.table import TABLE
from portal.monitors.monitor import Kind, Monitor
from portal.schemas import Camel
from portal.status.components import Slug, State
from portal.status.components.schemas import Name

_THRESHOLD = re.compile(r"(\d{1,2}) of (\d{1,2})")
_NODES = re.compile(r"any|all|leader|[A-Za-z0-9][A-Za-z0-9_.=,-]{0,199}")
WRITE_ONLY = ("password", "bearerToken", "secretHeaders")


def threshold(text: str) -> tuple[int, int]:
    """`2 of 3`: how many of how many looks decide."""
    match = _THRESHOLD.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]) <= 20:
        raise ValueError("Write how many of the last looks must fail, such as 2 of 3.")
    return int(match[1]), int(match[2])


def _threshold(text: str) -> str:
    threshold(text)
    return text


def _nodes(text: str) -> str:
    if not _NODES.fullmatch(text):
        raise ValueError("Write any, all, leader, or a label of nodes.")
    return text


Secret = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00\r\n]*$")]
Impact = Literal[State.DEGRADED, State.PARTIAL, State.MAJOR]


class KindFields(Camel):
    """What one kind or another is configured with; each kind says which are its own."""

    url: str | None = None
    method: str | None = None
    headers: dict[str, str] | None = None
    body: str | None = None
    expected_status: str | None = None
    text_present: str | None = None
    text_absent: str | None = None
    expected_headers: dict[str, str] | None = None
    assertions: list[dict[str, Any]] | None = None
    follow_redirects: bool | None = None
    verify_tls: bool | None = None
    http2: bool | None = None
    username: str | None = None
    host: str | None = None
    port: int | None = None
    server_name: str | None = None
    record_type: str | None = None
    expected_answers: list[str] | None = None
    expected_code: str | None = None
    resolver: str | None = None
    packets: int | None = None
    most_loss_percent: int | None = None
    service: str | None = None
    tls: bool | None = None
    security: str | None = None
    ssl_mode: str | None = None
    database: str | None = None
    query: str | None = None
    condition: str | None = None
    period_seconds: int | None = None
    schedule: str | None = None
    zone: str | None = None
    grace_seconds: int | None = None


KIND_FIELDS = tuple(KindFields.model_fields)


class MonitorIn(KindFields):
    """A monitor as it is sent. Secrets are kept when they are left out, and removed when empty."""

    slug: Slug
    name: Name
    kind: Kind
    component: Slug | None = None
    interval_seconds: int = Field(default=60, ge=10, le=86_400)
    timeout_seconds: int = Field(default=10, ge=1, le=60)
    down_after: Annotated[str, AfterValidator(_threshold)] = "2 of 3"
    up_after: int = Field(default=1, ge=1, le=20)
    depends_on: list[Slug] = Field(default=[], max_length=10)
    nodes: Annotated[str, AfterValidator(_nodes)] = "any"
    quorum: int | None = Field(default=None, ge=1, le=50)
    inverted: bool = False
    impact: Impact = State.MAJOR
    latency_limit_ms: int | None = Field(default=None, ge=1, le=60_000)
    certificate_days: int = Field(default=14, ge=0, le=365)
    shows_latency: bool = False
    password: Secret | None = None
    bearer_token: Secret | None = None
    secret_headers: dict[str, Secret] | None = Field(default=None, max_length=10)

    @model_validator(mode="after")
    def _has_time(self) -> "MonitorIn":
        if self.timeout_seconds > self.interval_seconds:
            raise ValueError("The timeout must not be longer than the interval.")
        return self

    def config(self) -> Config:
        """What its kind is configured with; RuleError names a field that is wrong."""
        given = {
            name: getattr(self, name) for name in KIND_FIELDS if getattr(self, name) is not None
        }
        try:
            return TABLE[self.kind].config.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            steps = [str(step) for step in first["loc"]]
            field = ".".join([_camel(steps[0]), *steps[1:]]) if steps else "kind"
            raise RuleError(field, _said(first, self.kind)) from None

    def secrets(self) -> dict[str, Any]:
        """The secrets that were sent, those that are to be removed among them."""
        given = (self.password, self.bearer_token, self.secret_headers)
        return {
            name: value for name, value in zip(WRITE_ONLY, given, strict=True) if value is not None
        }

    def apply(self, row: Monitor, config: Config) -> None:
        """Put the content into a row."""
        row.name, row.kind, row.component = self.name, self.kind.value, self.component
        row.interval_seconds, row.timeout_seconds = self.interval_seconds, self.timeout_seconds
        row.down_count, row.down_of = threshold(self.down_after)
        row.up_after, row.depends_on = self.up_after, list(dict.fromkeys(self.depends_on))
        row.nodes, row.quorum, row.is_inverted = self.nodes, self.quorum, self.inverted
        row.impact, row.latency_limit_ms = self.impact.value, self.latency_limit_ms
        row.certificate_days, row.shows_latency = self.certificate_days, self.shows_latency
        row.config = config.model_dump(mode="json", by_alias=True, exclude_none=True)


class MonitorAct(Camel):
    """What is done to a monitor."""

    action: Literal["pause", "resume"]


class Evidence(Camel):
    """What one look brought: its outcome, timings by phase, the first lines of the answer."""

    at: datetime
    outcome: str
    detail: str
    duration_ms: float | None = None
    status: str = ""
    phases: dict[str, float] = {}
    address: str = ""
    lines: list[str] = []
    size: int | None = None
    certificate_expires_at: datetime | None = None
    node: str = ""


class MonitorOut(KindFields):
    """A monitor with how it stands; of its secrets only that they are there."""

    slug: str
    name: str
    kind: Kind
    component: str | None
    interval_seconds: int
    timeout_seconds: int
    down_after: str
    up_after: int
    depends_on: list[str]
    nodes: str
    quorum: int | None
    inverted: bool
    paused: bool
    impact: State
    latency_limit_ms: int | None
    certificate_days: int
    shows_latency: bool
    has_password: bool = False
    has_bearer_token: bool = False
    secret_headers: list[str] = []
    heartbeat_url: str | None = None
    state: Health
    since: datetime | None
    detail: str
    last_run_at: datetime | None
    last_duration_ms: float | None
    certificate_expires_at: datetime | None
    evidence: Evidence | None
    version: int

    @model_serializer(mode="wrap")
    def _without_others(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The fields of other kinds are left out."""
        shown: dict[str, Any] = handler(self)
        others = {_camel(name) for name in KIND_FIELDS if getattr(self, name) is None}
        return {name: value for name, value in shown.items() if _camel(name) not in others}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _said(error: Any, kind: Kind) -> str:
    if error["type"] == "extra_forbidden":
        return f"A monitor of the kind {kind} has no such field."
    return field_errors.sentence(error)
