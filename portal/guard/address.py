"""The client's address: forwarding headers count from trusted proxies only."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
# The limiter's key of whoever has no address that can be read.
UNKNOWN = "ip:unknown"


@lru_cache(maxsize=4096)
def parse(text: str) -> IPv4Address | IPv6Address | None:
    """An address, its port and brackets taken off, IPv4 in IPv6 unwrapped; None for garbage."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            address = IPv6Address(int(address))
        return address.ipv4_mapped or address
    return address


@lru_cache(maxsize=4096)
def key_of(text: str) -> str:
    """The limiter's key of an address: an IPv6 client is its /64; never empty."""
    address = parse(text)
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        return f"ip:{ip_network((address, 64), strict=False)}"
    return f"ip:{address}"


@lru_cache(maxsize=4096)
def text_of(peer: str) -> str:
    """An address in its one spelling; `unknown` for garbage."""
    return str(parse(peer) or "unknown")


def client(peer: str, forwarded_for: str | None, networks: tuple[Network, ...]) -> str:
    """The nearest address that is not a trusted proxy's, read from the right.

    A header that comes from anywhere else, or that cannot be read, is left aside.
    """
    if not (forwarded_for and networks):
        return text_of(peer)
    current = parse(peer)
    if current is None or not _is_in(current, networks):
        return text_of(peer)
    for part in reversed(forwarded_for.split(",")[-16:]):
        hop = parse(part)
        if hop is None:
            break
        current = hop
        if not _is_in(hop, networks):
            break
    return str(current)


def is_within(peer: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks; garbage is in none."""
    address = parse(peer)
    return address is not None and _is_in(address, networks)


def _is_in(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def is_trusted(client: str, proxies: tuple[Network, ...]) -> bool:
    """Loopback and the proxies in front: a block there would shut everybody out."""
    found = parse(client)
    if found is None:
        return False
    return found.is_loopback or any(found in network for network in proxies)
