"""The table of the settings: name, type, default, help, and whether it is a secret.

The command's help, `docs/settings.md`, the panel's settings page and the validation come from this
table, so it is in one file, however long.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal import durations
from portal.settings import guard, look, monitors, notifications, values, workers
from portal.settings.guard import AutoBlockRule, ScraperToken, Target
from portal.settings.look import Accent, Link
from portal.settings.monitors import Endpoint, TargetRule
from portal.settings.notifications import MailServer
from portal.settings.values import Network
from portal.settings.workers import DeclaredWorker, WorkerQueue


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
        "development",
        values.environment,
        "environment; `production` refuses weak secrets and cookies over plain HTTP",
    )
    bind: str = _setting("127.0.0.1:8000", values.bind, "address and port of the web server")
    data_dir: Path = _setting(
        Path("instance"), Path, "folder for the database file, run files and generated secrets"
    )
    database_url: str = _setting(
        "",
        values.database_url,
        "SQLAlchemy URL; empty: SQLite in the data directory",
        is_secret=True,
    )
    redis_url: str = _setting(
        "",
        values.redis_url,
        "Redis URL for rate limits shared by all processes; empty: each process counts in memory",
        is_secret=True,
    )
    secret_key: str = _setting(
        "",
        values.text,
        "key that signs CSRF tokens and links, and encrypts credentials of monitors and addresses"
        " of channels; generated in development",
        is_secret=True,
    )
    secret_key_fallbacks: tuple[str, ...] = _setting(
        (),
        values.words,
        "earlier keys, separated by spaces or lines: links and codes that they signed, and secrets"
        " that they encrypted, are still read; see docs/operations.md",
        is_secret=True,
    )
    site_name: str = _setting("Portal", values.text, "name shown on every page")
    external_url: str = _setting(
        "",
        values.web_address,
        "public URL of the portal, used in links; can have a path: `https://example.com/status`",
    )
    look_dir: Path | None = _setting(
        None,
        look.folder,
        "folder with the site's own `logo.svg`, `logo-dark.svg`, `favicon.svg`, `favicon.ico`,"
        " `touch-icon.png` and `style.css`, and what that needs; see docs/look.md",
    )
    accent: Accent | None = _setting(
        None,
        look.accent,
        "colour of links and buttons on public pages, such as `#2456d6`; must be readable on"
        " light, and the one for dark is derived",
    )
    header_links: tuple[Link, ...] = _setting(
        (), look.links, "links below the site's name: `Support=https://example.com/support,…`"
    )
    footer_links: tuple[Link, ...] = _setting(
        (), look.links, "links at the foot of public pages, in the same form"
    )
    page_note: str = _setting(
        "", values.text, "note on the public page above the components, in Markdown"
    )
    security_contact: str = _setting(
        "",
        look.contact,
        "where to report vulnerabilities, `mailto:…` or `https://…`; served as"
        " `/.well-known/security.txt`",
    )
    embed_origins: tuple[str, ...] = _setting(
        (),
        guard.origins,
        "sites that may show `/embed` in a frame, such as `https://app.example.com`; empty: none",
    )
    runbook_url: str = _setting(
        "", values.text, "URL of your own runbook; empty: the built-in page"
    )
    contacts: tuple[str, ...] = _setting(
        (), values.listed, "on-call contacts, separated by commas; shown to operators only"
    )
    metrics_tokens: tuple[ScraperToken, ...] = _setting(
        (),
        guard.scrapers,
        "tokens of the metrics feed, such as `prometheus=<token>,oncall:manual=<token>`;"
        " empty: the feed answers 404",
        is_secret=True,
    )
    metrics_prefix: str = _setting("gigvora_", values.text, "prefix of every metric name")
    sustained_after: timedelta = _setting(
        timedelta(seconds=900),
        values.seconds,
        "how long an alert must last before operators are notified"
        " and the panel offers to open an incident",
    )
    alert_expires: timedelta | None = _setting(
        timedelta(hours=8),
        values.expiry,
        "how long an alert from Alertmanager or Grafana stays active without being sent again; use"
        " twice the sender's repeat interval; `off`: until it is resolved",
    )
    metrics_stale_after: timedelta = _setting(
        timedelta(seconds=180), values.seconds, "age at which a scraper is stale"
    )
    scraper_expected: bool = _setting(
        False,
        values.switch,
        "alert even before the first scrape; `off`: the exporter counts as not set up until then",
    )
    rate_limit: str = _setting("300/minute", values.rate, "rate limit for each client address")
    poll_seconds: int = _setting(
        45,
        values.whole,
        "poll interval of public pages and clients; data is stale after 1.5 intervals",
    )
    panel_poll_seconds: int = _setting(10, values.whole, "poll interval of the panel")
    trusted_proxies: tuple[Network, ...] = _setting(
        (), values.networks, "networks whose forwarding headers are trusted"
    )
    trusted_hosts: tuple[str, ...] = _setting(
        (), values.listed, "host names that the portal answers to; empty: any, in development only"
    )
    public_cors: str = _setting(
        "*", values.text, "origins that may read the public API from a browser (CORS); empty: none"
    )
    allowed_origins: tuple[str, ...] = _setting(
        (),
        guard.origins,
        "other sites whose pages may send requests, such as `https://app.example.com` or"
        " `https://*.example.com`",
    )
    auto_block: AutoBlockRule | None = _setting(
        AutoBlockRule(8, timedelta(seconds=300), timedelta(seconds=900)),
        guard.auto_block,
        "how many WAF refusals block a client, and for how long; `off`: never",
    )
    waf_engine: str = _setting("modsecurity", guard.engine, "WAF engine: `modsecurity` or `off`")
    waf_crs: Path | None = _setting(
        None, Path, "folder of the OWASP Core Rule Set, used in addition to the built-in rules"
    )
    waf_crs_blocks: bool = _setting(
        False, values.switch, "let the Core Rule Set refuse requests, not only detect them"
    )
    workers_declared: tuple[DeclaredWorker, ...] = _setting(
        (),
        workers.workers,
        "external workers: `name:interval`, with `:required` if readiness depends on it",
    )
    worker_queues: tuple[WorkerQueue, ...] = _setting(
        (),
        workers.queues,
        "queues to watch, separated by semicolons: `name=list redis://host/0 key`,"
        " `name=stream redis://host/0 key group`, `name=sql <SQLAlchemy URL> SELECT …`",
        is_secret=True,
    )
    smtp_url: MailServer | None = _setting(
        None,
        notifications.mail_server,
        "mail server: `smtp+starttls://name:password@host:587`, `smtps://host`,"
        " `smtp://127.0.0.1:25`; empty: no mail is sent",
        is_secret=True,
    )
    mail_from: str = _setting(
        "", notifications.mail_from, "sender of mails: `Example status <status@example.com>`"
    )
    mail_rate: float = _setting(
        50.0, values.per_second, "maximum rate of mails, such as `14/second` or `600/minute`"
    )
    delivery_days: int = _setting(
        3,
        values.whole,
        "days that single deliveries stay in the database; their numbers stay for 90 days",
    )
    operator_channels: tuple[str, ...] = _setting(
        (),
        notifications.chats,
        "operators' chats as Apprise URLs, separated by spaces:"
        " `slack://…`, `workflows://…` (Teams), `discord://…`, `tgram://…`, `mmosts://…`, `ntfys://…`",
        is_secret=True,
    )
    allowed_targets: tuple[Target, ...] = _setting(
        (), guard.targets, "private hosts and networks that webhooks may call"
    )
    subscribe_with: tuple[str, ...] = _setting(
        notifications.SUBSCRIBE_WITH,
        notifications.subscribe_with,
        "what readers may subscribe with: `mail` (needs PORTAL_SMTP_URL), `slack`, `teams` and"
        " `webhook` (need PORTAL_EXTERNAL_URL); `off`: nothing",
    )
    reminders: tuple[timedelta, ...] = _setting(
        (timedelta(hours=24), timedelta(hours=1)),
        values.reminders,
        "how long before a window subscribers get reminders; `off`: never",
    )
    audiences: tuple[str, ...] = _setting(
        ("public", "authenticated", "operations"),
        values.audiences,
        "audiences offered in the panel's forms; the API accepts all",
    )
    auto_publish: bool = _setting(
        False, values.switch, "open a public incident automatically when an alert lasts"
    )
    require_approval: bool = _setting(
        False, values.switch, "hide planned maintenance until a second operator approves it"
    )
    insecure_cookies: bool = _setting(
        False, values.switch, "allow the session cookie over plain HTTP outside development"
    )
    drain_delay: timedelta = _setting(
        timedelta(seconds=5),
        values.pause,
        "how long a shutdown waits for load balancers to see 503",
    )
    drain_linger: timedelta = _setting(
        timedelta(seconds=15),
        values.pause,
        "how long a shutdown waits for a scrape to see empty pools",
    )
    audit_address_days: int = _setting(
        90, values.whole, "days after which pseudonyms replace addresses in the audit log"
    )
    audit_keep_days: int | None = _setting(
        None,
        values.whole,
        "days that audit events stay in the database before they move to a sealed file in"
        " the data directory; empty: forever",
    )
    monitor_targets: tuple[TargetRule, ...] = _setting(
        (monitors.PUBLIC,),
        monitors.targets,
        "where monitors of operators and tokens may go: `public`, `any`, networks, hosts such as"
        " `*.example.internal`; admins may go anywhere but to the metadata of clouds",
    )
    monitor_reference: tuple[Endpoint, ...] = _setting(
        (),
        monitors.endpoints,
        "`host:port` of what can be reached while this node has a network; where none takes a"
        " connection, failures of monitors are unknown; empty: not checked",
    )
    node_name: str = _setting(
        "", values.text, "name of this node among those that look; empty: the host's name"
    )
    node_labels: tuple[str, ...] = _setting(
        (), monitors.labels, "labels of this node, by which monitors choose who looks"
    )
    monitor_result_hours: int = _setting(24, values.whole, "hours that single results are kept")
    monitor_figure_days: int = _setting(
        30, values.whole, "days that five-minute figures of monitors are kept"
    )
    monitor_hour_days: int = _setting(
        731, values.whole, "days that hourly figures of monitors are kept"
    )
    pool_size: int = _setting(5, values.whole, "database connections per web process")

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
    def prefix(self) -> str:
        """The path below its host that the portal lives at, such as `/status`; mostly empty."""
        return urlsplit(self.external_url).path.rstrip("/")

    @property
    def session_cookie(self) -> str:
        if not self.has_secure_cookies:
            return "portal"
        # A cookie for the whole host would go to whatever else lives there.
        return "__Secure-portal" if self.prefix else "__Host-portal"

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
            default=shown(entry.default),
            help=entry.metadata["help"],
            is_secret=entry.metadata["is_secret"],
        )
        for entry in fields(Settings)
    ]


def shown(value: Any) -> str:
    """A value as the table of the settings writes it."""
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())} s"
    if value in ("", (), None):
        return "none"
    if isinstance(value, tuple) and isinstance(value[0], str):
        return ",".join(value)
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
