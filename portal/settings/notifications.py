"""Values of the notifications: the mail server, its sender, and the operators' chats."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

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

SUBSCRIBE_WITH = ("mail", "slack", "teams", "webhook")


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over; `tls` is `smtps`, `starttls`, or `offered`: if it can."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = ""


_TLS = {"smtp": "offered", "smtp+starttls": "starttls", "smtps": "smtps"}


def mail_server(raw: str) -> MailServer:
    parts = urlsplit(raw)
    if parts.scheme not in _TLS or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(
            "must have the form smtp+starttls://name:password@mail.example.com:587,"
            " smtps://mail.example.com or smtp://127.0.0.1:25"
        )
    tls = _TLS[parts.scheme]
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a name and a password, or neither")
    if parts.password and tls == "offered":
        raise ValueError("a password needs smtps:// or smtp+starttls://")
    return MailServer(
        parts.hostname,
        parts.port or {"smtps": 465, "starttls": 587}.get(tls, 25),
        tls,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def mail_from(raw: str) -> str:
    address = parseaddr(raw)[1]
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", address) or not raw.isprintable():
        raise ValueError("must have the form Example status <status@example.com>")
    return raw


def chats(raw: str) -> tuple[str, ...]:
    found = tuple(raw.split())
    for one in found:
        scheme = one.partition("://")[0].lower()
        if "://" not in one or scheme not in CHAT_SCHEMES:
            raise ValueError(
                "must be Apprise URLs, separated by spaces, each beginning with one of "
                + ", ".join(sorted(CHAT_SCHEMES))
            )
    return found


def subscribe_with(raw: str) -> tuple[str, ...]:
    if raw == "off":
        return ()
    found = tuple(dict.fromkeys(one.strip() for one in raw.split(",")))
    if not set(found) <= set(SUBSCRIBE_WITH):
        raise ValueError(f"must be off, or some of {', '.join(SUBSCRIBE_WITH)}")
    return found
