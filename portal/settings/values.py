"""Values as the environment writes them: each parser takes the text, or raises ValueError."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import limits
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from portal import durations

Network = IPv4Network | IPv6Network
AUDIENCES = (
    "public",
    "authenticated",
    "user",
    "provider",
    "company",
    "agency",
    "admin",
    "operations",
)

_DATABASE_URL = (
    "must be such as sqlite:////var/lib/portal/portal.db or postgresql+psycopg://user@host/name;"
    " several servers are written postgresql+psycopg://user@/name?host=one:5432&host=two:5432"
)


def text(raw: str) -> str:
    return raw


def web_address(raw: str) -> str:
    """An address of a site, with a path below its host or without."""
    parts = urlsplit(raw)
    is_plain = not parts.query and not parts.fragment and not parts.username
    if raw and not (
        parts.scheme in {"http", "https"}
        and parts.hostname
        and is_plain
        and re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", parts.path)
    ):
        raise ValueError("must be an address such as https://status.example.com")
    return raw


def whole(raw: str) -> int:
    number = int(raw)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def switch(raw: str) -> bool:
    if raw.lower() in {"1", "yes", "true", "on"}:
        return True
    if raw.lower() in {"0", "no", "false", "off"}:
        return False
    raise ValueError("must be on or off")


def environment(raw: str) -> str:
    if raw not in {"development", "production", "test"}:
        raise ValueError("must be development, production or test")
    return raw


def seconds(raw: str) -> timedelta:
    return timedelta(seconds=whole(raw)) if raw.isdigit() else durations.parse(raw)


def pause(raw: str) -> timedelta:
    return timedelta() if raw in {"0", "0s"} else seconds(raw)


def expiry(raw: str) -> timedelta | None:
    return None if raw.lower() == "off" else seconds(raw)


def bind(raw: str) -> str:
    host, _, port = raw.rpartition(":")
    try:
        # What is in brackets is of IPv6; a name could stand for several addresses.
        address = ip_address(host[1:-1] if host.startswith("[") else host)
        is_written_right = host.startswith("[") == (address.version == 6)
    except ValueError:
        is_written_right = False
    if not is_written_right or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must be address:port, such as 127.0.0.1:8000 or [::1]:8000")
    return raw


def database_url(raw: str) -> str:
    """A file of SQLite or a server of PostgreSQL; anything else would fail later, less clearly."""
    if not raw:
        return raw
    try:
        url = make_url(raw)
    except (ArgumentError, ValueError):
        raise ValueError(_DATABASE_URL) from None
    is_file = url.drivername in {"sqlite", "sqlite+pysqlite"} and bool(url.database)
    is_server = url.drivername in {"postgresql", "postgresql+psycopg"}
    if not (is_file or is_server) or url.database == ":memory:":
        raise ValueError(_DATABASE_URL)
    return raw


def redis_url(raw: str) -> str:
    is_written_right = raw.startswith(("redis://", "rediss://", "redis+unix://"))
    try:
        is_written_right = is_written_right and urlsplit(raw).port != 0
    except ValueError:
        is_written_right = False
    if raw and not is_written_right:
        raise ValueError("must be such as redis://host:6379/0, or begin with rediss:// for TLS")
    return raw


def rate(raw: str) -> str:
    try:
        limits.parse(raw)
    except ValueError:
        raise ValueError("must be a rate such as 300/minute") from None
    return raw


def listed(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def words(raw: str) -> tuple[str, ...]:
    return tuple(raw.split())


def audiences(raw: str) -> tuple[str, ...]:
    names = listed(raw)
    unknown = sorted(set(names) - set(AUDIENCES))
    if unknown or not names:
        raise ValueError(f"must be one or more of {', '.join(AUDIENCES)}")
    return names


def networks(raw: str) -> tuple[Network, ...]:
    return tuple(ip_network(part, strict=False) for part in listed(raw))


def per_second(raw: str) -> float:
    """A rate as messages a second."""
    try:
        rate = limits.parse(raw)
    except ValueError:
        raise ValueError("must be a rate such as 10/second or 600/minute") from None
    return float(rate.amount / rate.get_expiry())


def reminders(raw: str) -> tuple[timedelta, ...]:
    if raw == "off":
        return ()
    found = tuple(sorted({durations.parse(part) for part in listed(raw)}, reverse=True))
    if not found or len(found) > 5 or found[0] > timedelta(days=14):
        raise ValueError("must be off, or one to five durations up to 14d, such as 24h,1h")
    return found
