"""The row of a monitor: what is looked at, how often, and what follows from it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.monitors.judging import Rule
from portal.store.base import Base


class Kind(StrEnum):
    """What is looked at, and how."""

    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    PING = "ping"
    GRPC = "grpc"
    WEBSOCKET = "websocket"
    SMTP = "smtp"
    POSTGRES = "postgres"
    REDIS = "redis"
    PROMETHEUS = "prometheus"
    HEARTBEAT = "heartbeat"


class Monitor(Base):
    """One monitor; `config` is what its kind needs, `credentials` what is never shown again.

    `is_free` is set while its target is one that an admin chose: it may be in a private network.
    """

    __tablename__ = "monitor"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(12))
    component: Mapped[str | None] = mapped_column(String(60), index=True)
    interval_seconds: Mapped[int]
    timeout_seconds: Mapped[int]
    down_count: Mapped[int]
    down_of: Mapped[int]
    up_after: Mapped[int]
    depends_on: Mapped[list[str]] = mapped_column(JSON)
    nodes: Mapped[str] = mapped_column(String(200))
    quorum: Mapped[int | None]
    is_inverted: Mapped[bool]
    is_paused: Mapped[bool]
    is_free: Mapped[bool]
    shows_latency: Mapped[bool]
    impact: Mapped[str] = mapped_column(String(24))
    latency_limit_ms: Mapped[int | None]
    certificate_days: Mapped[int]
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    credentials: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    @property
    def is_heartbeat(self) -> bool:
        return self.kind == Kind.HEARTBEAT

    @property
    def rule(self) -> Rule:
        """How its results are judged."""
        return Rule(
            interval_seconds=self.interval_seconds,
            timeout_seconds=self.timeout_seconds,
            down_count=self.down_count,
            down_of=self.down_of,
            up_after=self.up_after,
        )
