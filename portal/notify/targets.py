"""Where the portal may call: never into the network it stands in.

A name is looked up once; every address it has must be one of the open internet, and the connection
goes to the very address that was checked, so that a name which changes its mind between look and
call gains nothing. Redirects are answers like any other, not followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from portal.open_internet import Address, is_open
from portal.settings import Target

SECONDS = 5.0
MOST_BYTES = 64 * 1024
Lookup = Callable[[str, int], list[str]]
# Ports below are spoken by services that a stray request could talk into something.
_PORTS = {80, 443}
_FIRST_PORT = 1024


class TargetError(ValueError):
    """A target that is not called, with the reason in a sentence."""


@dataclass(frozen=True)
class Reply:
    """What a target answered, as far as it was read."""

    status: int
    retry_after: str


def split(url: str) -> SplitResult:
    """The parts of an address that could be called; TargetError for one that could not."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TargetError("This is not an address.") from None
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise TargetError("Write the address in ASCII, without spaces.")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetError("An address begins with https:// or http:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise TargetError("Leave names and passwords out of the address.")
    if port is not None and port not in _PORTS and port < _FIRST_PORT:
        raise TargetError("The port must be 80, 443, or 1024 and above.")
    return parts


def host_of(url: str) -> str:
    """The host of an address, for people and logs: paths and queries may hold secrets."""
    return urlsplit(url).hostname or ""


def lookup(host: str, port: int) -> list[str]:
    """The addresses of a host; every notation of a number that the system knows counts as one."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def resolve(
    parts: SplitResult, port: int, allowed: tuple[Target, ...], look: Lookup = lookup
) -> str:
    """The one address to connect to; TargetError when any of the host's is not open."""
    host = parts.hostname or ""
    try:
        found = look(host, port)
    except (OSError, UnicodeError):
        raise TargetError("The host has no address.") from None
    addresses = [ipaddress.ip_address(one.partition("%")[0]) for one in found]
    if not addresses:
        raise TargetError("The host has no address.")
    for address in addresses:
        if not is_open(address) and not _is_listed(host, address, allowed):
            raise TargetError("The host leads into a network that is not the open internet.")
    return str(addresses[0])


def _is_listed(host: str, address: Address, allowed: tuple[Target, ...]) -> bool:
    return any(one == host.lower() if isinstance(one, str) else address in one for one in allowed)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, in the name of its host, until a deadline."""

    def __init__(self, parts: SplitResult, port: int, address: str, deadline: float) -> None:
        super().__init__(parts.hostname or "", port)
        self._address, self._deadline = address, deadline
        self._is_secure = parts.scheme == "https"

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self._left())
        if self._is_secure:
            context = ssl.create_default_context()
            # The handshake comes when the socket is where it can be cut.
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.settimeout(self._left())
            self.sock.do_handshake()
        self.sock.settimeout(self._left())

    def _left(self) -> float:
        return left_until(self._deadline)


def left_until(deadline: float) -> float:
    """The seconds that are left; TimeoutError when none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: tuple[Target, ...] = (),
    look: Lookup = lookup,
    seconds: float = SECONDS,
) -> Reply:
    """Send a body; TargetError when it may not be called, OSError when it does not answer.

    All of it, from the connection to the end of the answer, has `seconds`; of the answer 64 KiB
    are read and thrown away.
    """
    parts = split(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + seconds
    address = resolve(parts, port, allowed, look)
    connection = _Connection(parts, port, address, deadline)
    # A target that sends a byte now and then never runs into a socket's own timeout.
    stop = threading.Timer(left_until(deadline), _cut, (connection,))
    stop.daemon = True
    stop.start()
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        # The status is the answer; what follows is only heard out, as far as patience goes.
        with suppress(OSError, http.client.HTTPException):
            answer.read(MOST_BYTES)
        return Reply(answer.status, answer.headers.get("Retry-After", ""))
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP answer ({type(error).__name__})") from None
    finally:
        stop.cancel()
        connection.close()


def _cut(connection: Any) -> None:
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
