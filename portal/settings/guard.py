"""Values of the guard and of the metrics feed: who may ask, who is asked, who is kept out."""

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

from portal import durations
from portal.settings.values import listed


@dataclass(frozen=True)
class ScraperToken:
    """A named token of the metrics feed; a manual one never clears staleness."""

    name: str
    secret: str
    is_manual: bool = False


def scrapers(raw: str) -> tuple[ScraperToken, ...]:
    tokens = []
    for part in listed(raw):
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


def origins(raw: str) -> tuple[str, ...]:
    # The pattern's own rules live with the perimeter, which settings must not import.
    for part in listed(raw):
        if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.\-_\[\]:]+", part):
            raise ValueError(f"{part!r} is not an origin such as https://www.example.com")
    return tuple(part.lower() for part in listed(raw))


def auto_block(raw: str) -> AutoBlockRule | None:
    if raw == "off":
        return None
    match = re.fullmatch(r"(\d{1,5})/(\S+) for (\S+)", raw.strip())
    if match is None:
        raise ValueError("must be off or have the form 8/300s for 900s")
    rule = AutoBlockRule(int(match[1]), durations.parse(match[2]), durations.parse(match[3]))
    if not 1 <= rule.threshold <= 10_000:
        raise ValueError("the threshold must be from 1 to 10000")
    if not 30 <= rule.window.total_seconds() <= 86_400:
        raise ValueError("the time to count in must be from 30s to 1d")
    if not 60 <= rule.ttl.total_seconds() <= 172_800:
        raise ValueError("the block must last from 60s to 2d")
    return rule


def engine(raw: str) -> str:
    if raw not in {"modsecurity", "off"}:
        raise ValueError("must be modsecurity or off")
    return raw


# A host by its name, or a network.
Target = str | IPv4Network | IPv6Network


def targets(raw: str) -> tuple[Target, ...]:
    found: list[Target] = []
    for part in listed(raw):
        try:
            found.append(ip_network(part, strict=False))
        except ValueError:
            if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?", part):
                raise ValueError(f"{part!r} is neither a host nor a network") from None
            found.append(part.lower())
    return tuple(found)
