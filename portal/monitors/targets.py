"""Where monitors may go: public addresses unless a setting or an admin says otherwise.

A name is looked up once for a connection; every address it has must be allowed, and the connection
goes to an address that was checked, so that a name which changes its mind gains nothing. The
metadata services of clouds, which give away keys, are never called, whoever asks.
"""

import fnmatch
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

from portal.open_internet import Address, is_open
from portal.settings.monitors import PUBLIC, TargetRule

# Of AWS, Azure, Google, Oracle and others; Alibaba's; AWS's, Google's, Oracle's and Scaleway's
# on IPv6.
_METADATA = tuple(
    ip_network(one)
    for one in (
        "169.254.0.0/16",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
        "fd00:c1::a9fe:a9fe/128",
        "fd00:42::42/128",
        "fe80::/10",
    )
)
_METADATA_NAMES = {
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
}
# What an IPv4 address may be wrapped in: for translators, and as it was once compatible.
_WRAPPED = tuple(ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))
_NEVER = "The metadata services of clouds are never called."


class TargetError(ValueError):
    """A target that is not called, with the reason in a sentence."""


@dataclass(frozen=True)
class Targets:
    """What `PORTAL_MONITOR_TARGETS` allows, and the hosts beyond it that an admin chose."""

    rules: tuple[TargetRule, ...] = (PUBLIC,)
    free: frozenset[str] = frozenset()

    def freed(self, hosts: Iterable[str]) -> "Targets":
        """The same, and these hosts wherever they are; not those that they lead to."""
        return Targets(self.rules, frozenset(map(_plain, hosts)))

    def may_refuse(self, host: str) -> bool:
        """Whether a host may be refused; what a name stands for is known when it is called."""
        name = _plain(host)
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return not any(
                rule != PUBLIC and isinstance(rule, str) and fnmatch.fnmatchcase(name, rule)
                for rule in self.rules
            )
        return not any(self._allows(rule, name, address) for rule in self.rules)

    def check_name(self, host: str) -> None:
        """TargetError for a host that is refused whatever its address is."""
        name = _plain(host)
        if name in _METADATA_NAMES:
            raise TargetError(_NEVER)
        try:
            self.check(name, ipaddress.ip_address(name))
        except ValueError as error:
            if isinstance(error, TargetError):
                raise

    def check(self, host: str, address: Address) -> None:
        """TargetError when this address of a host may not be called."""
        plain = _unwrapped(address)
        if any(plain in one for one in _METADATA if one.version == plain.version):
            raise TargetError(_NEVER)
        if plain.is_unspecified or plain.is_multicast:
            raise TargetError(f"{address} is no address of a host.")
        name = _plain(host)
        if any(self._allows(rule, name, address) for rule in self.rules) or name in self.free:
            return
        raise TargetError(
            f"{address} is not allowed: monitors may call public addresses and what"
            " PORTAL_MONITOR_TARGETS lists. An admin may save it all the same."
        )

    def _allows(self, rule: TargetRule, host: str, address: Address) -> bool:
        if rule == PUBLIC:
            return is_open(address)
        if isinstance(rule, str):
            return fnmatch.fnmatchcase(host, rule)
        return _unwrapped(address) in rule if rule.version == _unwrapped(address).version else False


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        is_wrapped = any(address in one for one in _WRAPPED) and int(address) > 1
        if inner is None and is_wrapped:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address
