"""Proxies that nobody declared: private peers that forward requests of others.

To the portal all clients behind such a one are one client, who shares a limit and would share a
block. So it is named in the log, on the panel and by `portal check`, and never blocked by itself.
"""

import json
import threading
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import structlog

from portal import clock
from portal.guard import address
from portal.guard.address import Network

_log = structlog.get_logger()
FILE = "undeclared_proxies.json"
MOST = 32
REMEMBERED_FOR = timedelta(days=7)
# Where proxies of ours stand: the private ranges, and those of containers and carriers.
_PRIVATE = tuple(
    ip_network(one)
    for one in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
        *("169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"),
    )
)


class UndeclaredProxies:
    """Those that one process has met; all processes of a node share the file."""

    def __init__(self, folder: Path, declared: tuple[Network, ...]) -> None:
        self._path = folder / FILE
        self._declared = declared
        self._lock = threading.Lock()
        self._met: frozenset[str] = frozenset()

    def meet(self, peer: str) -> None:
        """A peer sent a forwarding header, and is none of the declared proxies."""
        name = address.text_of(peer)
        if name in self._met or len(self._met) >= MOST or not address.is_within(name, _PRIVATE):
            return
        with self._lock:
            self._met |= {name}
            _log.warning("proxy.undeclared", peer=name, setting="PORTAL_TRUSTED_PROXIES")
            known = read(self._path) | {name: clock.now()}
            kept = dict(sorted(known.items(), key=lambda item: item[1])[-MOST:])
            try:
                self._path.write_text(
                    json.dumps({peer: clock.iso(at) for peer, at in kept.items()})
                )
            except OSError:
                # The log has it.
                return

    def __contains__(self, client: object) -> bool:
        return client in self._met

    def names(self) -> list[str]:
        """What the node has met lately and is still not declared."""
        now = clock.now()
        return sorted(
            peer
            for peer, at in read(self._path).items()
            if now - at < REMEMBERED_FOR and not address.is_within(peer, self._declared)
        )


def read(path: Path) -> dict[str, datetime]:
    """The file; empty when it is not there or cannot be read."""
    try:
        found = json.loads(path.read_text())
        return {str(peer): datetime.fromisoformat(at) for peer, at in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
