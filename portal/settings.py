"""Every setting once: name, type, default, help, and whether it is a secret.

A setting is the environment variable `PORTAL_<NAME>`; `PORTAL_<NAME>_FILE` names a file that
holds the value instead. The command's help, `docs/settings.md` and the validation come from
this table.
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import limits

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
MIN_SECRET_CHARACTERS = 32


class SettingsError(Exception):
    """One or more settings are wrong; `problems` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class ScraperToken:
    """A named token of the metrics feed; a manual one never clears staleness."""

    name: str
    secret: str
    is_manual: bool = False


def _text(raw: str) -> str:
    return raw


def _whole(raw: str) -> int:
    number = int(raw)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def _switch(raw: str) -> bool:
    if raw.lower() in {"1", "yes", "true", "on"}:
        return True
    if raw.lower() in {"0", "no", "false", "off"}:
        return False
    raise ValueError("must be on or off")


def _environment(raw: str) -> str:
    if raw not in {"development", "production", "test"}:
        raise ValueError("must be development, production or test")
    return raw


def _seconds(raw: str) -> timedelta:
    return timedelta(seconds=_whole(raw)) if raw.isdigit() else durations.parse(raw)


def _pause(raw: str) -> timedelta:
    return timedelta() if raw in {"0", "0s"} else _seconds(raw)


def _bind(raw: str) -> str:
    host, _, port = raw.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("must be host:port, for instance 127.0.0.1:8000")
    return raw


def _rate(raw: str) -> str:
    try:
        limits.parse(raw)
    except ValueError:
        raise ValueError("must be a rate such as 300/minute") from None
    return raw


def _list(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def _audiences(raw: str) -> tuple[str, ...]:
    names = _list(raw)
    unknown = sorted(set(names) - set(AUDIENCES))
    if unknown or not names:
        raise ValueError(f"must be some of {', '.join(AUDIENCES)}")
    return names


def _networks(raw: str) -> tuple[Network, ...]:
    return tuple(ip_network(part, strict=False) for part in _list(raw))


def _scrapers(raw: str) -> tuple[ScraperToken, ...]:
    tokens = []
    for part in _list(raw):
        label, _, secret = part.partition("=")
        name, _, kind = label.partition(":")
        if not name or not secret or kind not in {"", "manual"}:
            raise ValueError("must be a list of name=token or name:manual=token")
        tokens.append(ScraperToken(name, secret, kind == "manual"))
    if len({token.name for token in tokens}) != len(tokens):
        raise ValueError("names a scraper twice")
    return tuple(tokens)


@dataclass(frozen=True)
class AutoBlockRule:
    """So many refusals of the WAF in `window` block a client for `ttl`."""

    threshold: int
    window: timedelta
    ttl: timedelta


@dataclass(frozen=True)
class DeclaredWorker:
    """A worker that reports, or is looked at, every `interval`."""

    name: str
    interval: timedelta
    is_required: bool = False


@dataclass(frozen=True)
class WorkerQueue:
    """Where a worker's queue lives: `kind` is list or stream (Redis), or sql."""

    worker: str
    kind: str
    url: str
    source: str


def _origins(raw: str) -> tuple[str, ...]:
    # The pattern's own rules live with the perimeter, which settings must not import.
    for part in _list(raw):
        if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.\-_\[\]:]+", part):
            raise ValueError(f"{part!r} is not an origin such as https://www.example.com")
    return tuple(part.lower() for part in _list(raw))


def _auto_block(raw: str) -> AutoBlockRule | None:
    if raw == "off":
        return None
    match = re.fullmatch(r"(\d{1,5})/(\S+) for (\S+)", raw.strip())
    if match is None:
        raise ValueError("must be off, or such as 8/300s for 900s")
    rule = AutoBlockRule(int(match[1]), durations.parse(match[2]), durations.parse(match[3]))
    if not 1 <= rule.threshold <= 10_000:
        raise ValueError("the threshold must be from 1 to 10000")
    if not 30 <= rule.window.total_seconds() <= 86_400:
        raise ValueError("the time to count in must be from 30s to 1d")
    if not 60 <= rule.ttl.total_seconds() <= 172_800:
        raise ValueError("the block must last from 60s to 2d")
    return rule


def _engine(raw: str) -> str:
    if raw not in {"modsecurity", "off"}:
        raise ValueError("must be modsecurity or off")
    return raw


_WORKER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")


def _workers(raw: str) -> tuple[DeclaredWorker, ...]:
    found = []
    for part in _list(raw):
        name, _, rest = part.partition(":")
        interval, _, mark = rest.partition(":")
        if not _WORKER_NAME.fullmatch(name) or mark not in {"", "required"} or not interval:
            raise ValueError("must be a list of name:interval or name:interval:required")
        found.append(DeclaredWorker(name, _seconds(interval), mark == "required"))
    if len({one.name for one in found}) != len(found):
        raise ValueError("names a worker twice")
    return tuple(found)


def _queues(raw: str) -> tuple[WorkerQueue, ...]:
    found = []
    for part in raw.split(";"):
        if not part.strip():
            continue
        name, _, rest = part.strip().partition("=")
        kind, _, place = rest.partition(" ")
        url, _, source = place.strip().partition(" ")
        if kind not in {"list", "stream", "sql"} or not url or not source.strip():
            raise ValueError(
                "must be such as emails=list redis://host/0 queue:emails;"
                " jobs=sql postgresql+psycopg://host/app SELECT count(*) FROM job"
            )
        found.append(WorkerQueue(name, kind, url, source.strip()))
    return tuple(found)


# A host by its name, or a network.
Target = str | IPv4Network | IPv6Network


def _targets(raw: str) -> tuple[Target, ...]:
    found: list[Target] = []
    for part in _list(raw):
        try:
            found.append(ip_network(part, strict=False))
        except ValueError:
            if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?", part):
                raise ValueError(f"{part!r} is neither a host nor a network") from None
            found.append(part.lower())
    return tuple(found)


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over; `tls` is `smtps`, `starttls`, or `offered`: if it can."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = ""


_TLS = {"smtp": "offered", "smtp+starttls": "starttls", "smtps": "smtps"}


def _mail_server(raw: str) -> MailServer:
    parts = urlsplit(raw)
    if parts.scheme not in _TLS or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(
            "must be such as smtp+starttls://name:password@mail.example.com:587,"
            " smtps://mail.example.com or smtp://127.0.0.1:25"
        )
    tls = _TLS[parts.scheme]
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a name and a password, or neither")
    if parts.password and tls == "offered":
        raise ValueError("a password wants smtps:// or smtp+starttls://")
    return MailServer(
        parts.hostname,
        parts.port or {"smtps": 465, "starttls": 587}.get(tls, 25),
        tls,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def _mail_from(raw: str) -> str:
    address = parseaddr(raw)[1]
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", address) or not raw.isprintable():
        raise ValueError("must be such as Example status <status@example.com>")
    return raw


def _per_second(raw: str) -> float:
    """A rate as messages a second."""
    try:
        rate = limits.parse(raw)
    except ValueError:
        raise ValueError("must be a rate such as 10/second or 600/minute") from None
    return float(rate.amount / rate.get_expiry())


def _reminders(raw: str) -> tuple[timedelta, ...]:
    if raw == "off":
        return ()
    found = tuple(sorted({durations.parse(part) for part in _list(raw)}, reverse=True))
    if not found or len(found) > 5 or found[0] > timedelta(days=14):
        raise ValueError("must be off, or one to five times up to 14d such as 24h,1h")
    return found


# Those of Apprise that end at a service for people; none reads a file, runs a program or calls
# whatever address it is given.
CHAT_SCHEMES = frozenset(
    {
        "slack",
        "workflows",
        "discord",
        "tgram",
        "mmost",
        "mmosts",
        "gchat",
        "ntfy",
        "ntfys",
        "pover",
        "opsgenie",
        "pagerduty",
        "rocket",
        "rockets",
        "matrix",
        "matrixs",
        "zulip",
        "webex",
        "wxteams",
        "signal",
        "signals",
        "gotify",
        "gotifys",
    }
)


def _chats(raw: str) -> tuple[str, ...]:
    found = tuple(raw.split())
    for one in found:
        scheme = one.partition("://")[0].lower()
        if "://" not in one or scheme not in CHAT_SCHEMES:
            raise ValueError(
                "must be addresses of Apprise, a space between them, each beginning with one of "
                + ", ".join(sorted(CHAT_SCHEMES))
            )
    return found


def _setting(
    default: Any, parse: Callable[[str], Any], help_text: str, *, is_secret: bool = False
) -> Any:
    return field(
        default=default, metadata={"parse": parse, "help": help_text, "is_secret": is_secret}
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parsed settings of one app."""

    env: str = _setting(
        "development", _environment, "`production` refuses weak secrets and plain-http cookies"
    )
    bind: str = _setting("127.0.0.1:8000", _bind, "address and port of the web server")
    data_dir: Path = _setting(
        Path("instance"), Path, "database file, run directory and kept secrets"
    )
    database_url: str = _setting(
        "", _text, "SQLAlchemy URL; empty: SQLite in the data directory", is_secret=True
    )
    redis_url: str = _setting(
        "", _text, "shares the rate limits between processes; empty: in memory", is_secret=True
    )
    secret_key: str = _setting(
        "", _text, "signs CSRF tokens; made and kept in development", is_secret=True
    )
    site_name: str = _setting("Portal", _text, "the name on every page")
    external_url: str = _setting("", _text, "the address people use, for links")
    runbook_url: str = _setting("", _text, "your own runbook; empty: the built-in page")
    contacts: tuple[str, ...] = _setting(
        (), _list, "who to call, a comma between them; shown to operators only"
    )
    metrics_tokens: tuple[ScraperToken, ...] = _setting(
        (),
        _scrapers,
        "`prometheus=<token>,oncall:manual=<token>`; none: the feed answers 404",
        is_secret=True,
    )
    metrics_prefix: str = _setting("gigvora_", _text, "put before every series")
    sustained_after: timedelta = _setting(
        timedelta(seconds=900),
        _seconds,
        "how long an alert must hold before the panel offers to tell the public",
    )
    metrics_stale_after: timedelta = _setting(
        timedelta(seconds=180), _seconds, "a scraper is stale when its age is above this"
    )
    rate_limit: str = _setting("300/minute", _rate, "requests of one address")
    poll_seconds: int = _setting(
        45, _whole, "how often public pages and clients poll; stale at 1.5 times"
    )
    panel_poll_seconds: int = _setting(10, _whole, "how often the panel's cards poll")
    trusted_proxies: tuple[Network, ...] = _setting(
        (), _networks, "networks whose forwarding headers count"
    )
    trusted_hosts: tuple[str, ...] = _setting(
        (), _list, "host names the portal answers to; empty: any in development"
    )
    public_cors: str = _setting("*", _text, "who may read the public answers; empty: nobody")
    allowed_origins: tuple[str, ...] = _setting(
        (),
        _origins,
        "other sites whose pages may call, such as `https://app.example.com` or"
        " `https://*.example.com`",
    )
    auto_block: AutoBlockRule | None = _setting(
        AutoBlockRule(8, timedelta(seconds=300), timedelta(seconds=900)),
        _auto_block,
        "how many refusals of the WAF block a client, and for how long; `off`: never",
    )
    waf_engine: str = _setting("modsecurity", _engine, "`modsecurity` or `off`")
    waf_crs: Path | None = _setting(
        None, Path, "folder of the OWASP Core Rule Set, to be used beside our rules"
    )
    waf_crs_blocks: bool = _setting(
        False, _switch, "let the Core Rule Set refuse requests, not only detect"
    )
    workers_declared: tuple[DeclaredWorker, ...] = _setting(
        (),
        _workers,
        "external workers: `name:interval`, with `:required` if readiness depends on it",
    )
    worker_queues: tuple[WorkerQueue, ...] = _setting(
        (),
        _queues,
        "queues to look at, a semicolon between them: `name=list redis://host/0 key`,"
        " `name=stream redis://host/0 key group`, `name=sql <SQLAlchemy URL> SELECT …`",
        is_secret=True,
    )
    smtp_url: MailServer | None = _setting(
        None,
        _mail_server,
        "the mail server: `smtp+starttls://name:password@host:587`, `smtps://host`,"
        " `smtp://127.0.0.1:25`; empty: nobody is told by mail",
        is_secret=True,
    )
    mail_from: str = _setting("", _mail_from, "the sender: `Example status <status@example.com>`")
    mail_rate: float = _setting(10.0, _per_second, "how fast mails are sent, such as `10/second`")
    operator_channels: tuple[str, ...] = _setting(
        (),
        _chats,
        "chats of the operators as addresses of Apprise, a space between them:"
        " `slack://…`, `workflows://…` (Teams), `discord://…`, `tgram://…`, `mmosts://…`, `ntfys://…`",
        is_secret=True,
    )
    allowed_targets: tuple[Target, ...] = _setting(
        (),
        _targets,
        "hosts and networks that webhooks may call although they are not of the open internet",
    )
    reminders: tuple[timedelta, ...] = _setting(
        (timedelta(hours=24), timedelta(hours=1)),
        _reminders,
        "how long before a window subscribers are reminded; `off`: never",
    )
    audiences: tuple[str, ...] = _setting(
        ("public", "authenticated", "operations"),
        _audiences,
        "the audiences that the panel's forms offer; the API takes all of them",
    )
    auto_publish: bool = _setting(
        False,
        _switch,
        "open an incident for everyone once an alert has lasted, without an operator",
    )
    require_approval: bool = _setting(
        False, _switch, "what is planned is shown to nobody until a second operator has approved it"
    )
    insecure_cookies: bool = _setting(
        False, _switch, "allow the session cookie over plain http outside development"
    )
    drain_delay: timedelta = _setting(
        timedelta(seconds=5), _pause, "how long a stop waits for balancers to see 503; `0`: not"
    )
    drain_linger: timedelta = _setting(
        timedelta(seconds=15), _pause, "how long a stop shows empty pools to a scrape; `0`: not"
    )
    audit_address_days: int = _setting(
        90, _whole, "days after which the audit log keeps pseudonyms instead of addresses"
    )
    audit_keep_days: int | None = _setting(
        None,
        _whole,
        "days that events stay in the database before they move to a sealed file in"
        " the data directory; empty: for ever",
    )
    pool_size: int = _setting(5, _whole, "database connections of a web process")

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def run_dir(self) -> Path:
        """What lives only as long as the service: scrape state, counters of processes."""
        return self.data_dir / "run"

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.data_dir / 'portal.db').resolve()}"

    @property
    def url(self) -> str:
        """What links begin with, without a slash at the end."""
        return (self.external_url or f"http://{self.bind}").rstrip("/")

    @property
    def session_cookie(self) -> str:
        return "__Host-portal" if self.has_secure_cookies else "portal"

    @property
    def has_secure_cookies(self) -> bool:
        return self.is_production and not self.insecure_cookies


@dataclass(frozen=True)
class SettingRow:
    """One row of the settings table, for help and docs."""

    variable: str
    default: str
    help: str
    is_secret: bool


def table() -> list[SettingRow]:
    """Every setting in the order of the table."""
    return [
        SettingRow(
            variable=f"PORTAL_{entry.name.upper()}",
            default=_shown(entry.default),
            help=entry.metadata["help"],
            is_secret=entry.metadata["is_secret"],
        )
        for entry in fields(Settings)
    ]


def _shown(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())} s"
    if value in ("", (), None):
        return "none"
    if isinstance(value, tuple) and isinstance(value[0], timedelta):
        return ",".join(durations.spoken(one.total_seconds()).replace(" ", "") for one in value)
    if isinstance(value, float):
        return f"{value:g}/second"
    if isinstance(value, AutoBlockRule):
        window, ttl = value.window.total_seconds(), value.ttl.total_seconds()
        return f"{value.threshold}/{window:.0f}s for {ttl:.0f}s"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


# Settings that had another name before.
RENAMED = {
    "PORTAL_SECOND_PAIR_OF_EYES": "PORTAL_REQUIRE_APPROVAL",
    "PORTAL_PUBLISH_BY_ITSELF": "PORTAL_AUTO_PUBLISH",
}


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read, parse and validate the environment; SettingsError tells every problem at once."""
    source = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    problems: list[str] = []
    known = {f"PORTAL_{entry.name.upper()}" for entry in fields(Settings)}
    for name in sorted(source):
        variable = name.removesuffix("_FILE")
        if variable in RENAMED:
            problems.append(f"{variable} is called {RENAMED[variable]} now; rename it")
        elif name.startswith("PORTAL_") and variable not in known:
            problems.append(f"{name} is not a setting of this version; see docs/settings.md")
    for entry in fields(Settings):
        variable = f"PORTAL_{entry.name.upper()}"
        raw = source.get(variable)
        path = source.get(f"{variable}_FILE")
        if path:
            if raw is not None:
                problems.append(f"{variable} and {variable}_FILE are both set; keep one")
            try:
                raw = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                problems.append(f"{variable}_FILE: {path} cannot be read ({error.strerror})")
                continue
        if raw is None:
            continue
        try:
            values[entry.name] = entry.metadata["parse"](raw)
        except ValueError as error:
            shown = "" if entry.metadata["is_secret"] else f" (got {raw!r})"
            problems.append(f"{variable}: {error}{shown}")
    settings = Settings(**{**values, **overrides}) if not problems else None
    if settings is not None:
        problems += _weaknesses(settings)
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


def _weaknesses(settings: Settings) -> list[str]:
    problems = []
    for token in settings.metrics_tokens:
        if len(token.secret) < MIN_SECRET_CHARACTERS and settings.env != "test":
            problems.append(
                f"PORTAL_METRICS_TOKENS: the token of {token.name} is shorter than"
                f" {MIN_SECRET_CHARACTERS} characters"
            )
    if settings.smtp_url is not None and not settings.mail_from:
        problems.append("PORTAL_MAIL_FROM must name the sender when PORTAL_SMTP_URL is set")
    if settings.smtp_url is not None and not settings.external_url and settings.env != "test":
        problems.append("PORTAL_EXTERNAL_URL must be set for mails: their links begin with it")
    declared = {worker.name for worker in settings.workers_declared}
    for queue in settings.worker_queues:
        if queue.worker not in declared:
            problems.append(
                f"PORTAL_WORKER_QUEUES: {queue.worker} is not in PORTAL_WORKERS_DECLARED"
            )
    if "notifications" in declared or "portal" in declared:
        problems.append("PORTAL_WORKERS_DECLARED: portal and notifications are the portal's own")
    if not settings.is_production:
        return problems
    if len(settings.secret_key) < MIN_SECRET_CHARACTERS:
        problems.append(
            f"PORTAL_SECRET_KEY must have {MIN_SECRET_CHARACTERS} characters or more in"
            " production; make one with: openssl rand -hex 32"
        )
    if not settings.external_url.startswith("https://") and not settings.insecure_cookies:
        problems.append(
            "PORTAL_EXTERNAL_URL must begin with https:// in production, or the session cookie"
            " would travel in the clear; PORTAL_INSECURE_COOKIES=on accepts that"
        )
    if not settings.trusted_hosts:
        problems.append("PORTAL_TRUSTED_HOSTS must name the portal's host names in production")
    return problems


def kept_secret(data_dir: Path, name: str) -> str:
    """A secret of this development copy: read from the data directory, made once if absent."""
    path = data_dir / name
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        secret = secrets.token_hex(32)
        file.write(secret)
    return secret
