"""The table of kinds: what each is configured with, and where its look is."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from portal.monitors import network
from portal.monitors.kinds.base import Config, Looks
from portal.monitors.kinds.dns import DnsConfig
from portal.monitors.kinds.grpc import GrpcConfig
from portal.monitors.kinds.heartbeat import HeartbeatConfig
from portal.monitors.kinds.http import HttpConfig
from portal.monitors.kinds.ping import PingConfig
from portal.monitors.kinds.postgres import PostgresConfig
from portal.monitors.kinds.prometheus import PrometheusConfig
from portal.monitors.kinds.redis import RedisConfig
from portal.monitors.kinds.smtp import SmtpConfig
from portal.monitors.kinds.tcp import TcpConfig
from portal.monitors.kinds.tls import TlsConfig
from portal.monitors.kinds.websocket import WebsocketConfig
from portal.monitors.monitor import Kind


@dataclass(frozen=True)
class Entry:
    """A kind: its name for people, its configuration, and its module."""

    word: str
    config: type[Config]
    module: str
    needs: tuple[str, ...] = ()
    has_tls: bool = False
    # It is not the target that answers, but somebody who measures it.
    asks_another: bool = False

    def loaded(self) -> Looks:
        """How it looks; libraries that nobody needs take no memory, nor the time of a look."""
        found: Looks = import_module(f"portal.monitors.kinds.{self.module}").look
        for name in self.needs:
            if find_spec(name.partition(".")[0]) is not None:
                import_module(name)
        if self.has_tls:
            network.tls(True)
        return found


_EXCHANGE = "portal.monitors.kinds.exchange"

TABLE: dict[Kind, Entry] = {
    Kind.HTTP: Entry("HTTP", HttpConfig, "http", (_EXCHANGE,), has_tls=True),
    Kind.TCP: Entry("TCP", TcpConfig, "tcp"),
    Kind.TLS: Entry("TLS", TlsConfig, "tls", has_tls=True),
    Kind.DNS: Entry("DNS", DnsConfig, "dns", ("dns.asyncquery", "dns.resolver")),
    Kind.PING: Entry("Ping", PingConfig, "ping", ("icmplib",)),
    Kind.GRPC: Entry("gRPC", GrpcConfig, "grpc", ("grpc.aio",), has_tls=True),
    Kind.WEBSOCKET: Entry("WebSocket", WebsocketConfig, "websocket", (_EXCHANGE,), has_tls=True),
    Kind.SMTP: Entry("SMTP", SmtpConfig, "smtp", has_tls=True),
    Kind.POSTGRES: Entry("PostgreSQL", PostgresConfig, "postgres", ("psycopg",)),
    Kind.REDIS: Entry("Redis", RedisConfig, "redis", has_tls=True),
    Kind.PROMETHEUS: Entry(
        "Prometheus", PrometheusConfig, "prometheus", (_EXCHANGE,), has_tls=True, asks_another=True
    ),
    Kind.HEARTBEAT: Entry("Heartbeat", HeartbeatConfig, "heartbeat"),
}


def config_of(kind: str, stored: dict[str, Any]) -> Config:
    """A stored configuration; what is in the database was valid when it was saved."""
    return TABLE[Kind(kind)].config.model_validate(stored)
