"""Values of monitors: where they may go, and what tells them that there is a network."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from portal.settings.values import listed

PUBLIC = "public"
# The word for every public address, a pattern for host names, or a network.
TargetRule = str | IPv4Network | IPv6Network
_PATTERN = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,250}[a-z0-9_])?")


def targets(raw: str) -> tuple[TargetRule, ...]:
    found: list[TargetRule] = []
    for part in listed(raw.lower()):
        if part == "any":
            found += [ip_network("0.0.0.0/0"), ip_network("::/0")]
            continue
        try:
            found.append(ip_network(part, strict=False))
        except ValueError:
            if not _PATTERN.fullmatch(part):
                raise ValueError(
                    f"{part!r} is neither public, any, a network nor a host such as"
                    " *.example.internal"
                ) from None
            found.append(part)
    return tuple(found)


@dataclass(frozen=True)
class Endpoint:
    """A host and a port."""

    host: str
    port: int


def endpoints(raw: str) -> tuple[Endpoint, ...]:
    found = []
    for part in listed(raw):
        host, _, port = part.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("must be a list of host:port, such as 192.0.2.1:443")
        found.append(Endpoint(host.strip("[]"), int(port)))
    return tuple(found)


def labels(raw: str) -> tuple[str, ...]:
    found = listed(raw)
    for one in found:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,59}", one):
            raise ValueError(f"{one!r} is not a label such as eu-west or rack=3")
    return found
