"""Connections to what is looked at: name, address and handshake one after the other, each timed.

A connection goes to an address that `targets` allowed, whoever asks for it: a first one, one after
a redirect, and one of a library that is given the address instead of the name.
"""

import asyncio
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from portal.monitors.looks import CannotLookError, FailedError, Trace
from portal.monitors.targets import TargetError, Targets
from portal.open_internet import Address

# How long the first of several addresses has before the next one is tried too.
NEXT_AFTER_SECONDS = 3.0


@dataclass
class Connection:
    """A socket that is connected, on which streams are opened once the kind is known."""

    sock: socket.socket
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def plain(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Streams without TLS; the same at each call."""
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(sock=self.sock)
        return self.reader, self.writer

    async def secure(
        self, context: ssl.SSLContext, name: str, trace: Trace
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Streams after a handshake; FailedError says what is wrong with the certificate."""
        try:
            with trace.phase("tls"):
                self.reader, self.writer = await asyncio.open_connection(
                    sock=self.sock, ssl=context, server_hostname=name
                )
        except ssl.SSLCertVerificationError as error:
            raise FailedError(f"Certificate: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise FailedError(f"TLS: {_reason(error)}") from None
        note_certificate(self.writer.get_extra_info("ssl_object"), trace)
        return self.reader, self.writer

    def close(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
        self.sock.close()


class Network:
    """Resolves and connects within what is allowed."""

    def __init__(self, targets: Targets) -> None:
        self.targets = targets

    async def resolve(self, host: str, port: int, trace: Trace) -> list[Address]:
        """The addresses of a host, all of them allowed."""
        loop = asyncio.get_running_loop()
        name = host.strip("[]")
        try:
            self.targets.check_name(name)
            with trace.phase("dns"):
                found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except TargetError as error:
            raise CannotLookError(str(error)) from None
        except socket.gaierror as error:
            if error.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM):
                raise CannotLookError(f"No name server answered for {name}") from None
            raise FailedError(f"{name} has no address") from None
        except UnicodeError:
            raise FailedError(f"{name} is no host name") from None
        addresses = list(
            dict.fromkeys(ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found)
        )
        try:
            for address in addresses:
                self.targets.check(name, address)
        except TargetError as error:
            raise CannotLookError(str(error)) from None
        return addresses

    async def connect(self, host: str, port: int, trace: Trace) -> Connection:
        """A connection to the first address of a host that takes one."""
        addresses = await self.resolve(host, port, trace)
        failed: OSError | None = None
        with trace.phase("connect"):
            for number, address in enumerate(addresses):
                is_last = number == len(addresses) - 1
                try:
                    async with asyncio.timeout(None if is_last else NEXT_AFTER_SECONDS):
                        sock = await _connected(address, port)
                except (TimeoutError, OSError) as error:
                    failed = error
                    continue
                trace.address = (
                    f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
                )
                return Connection(sock)
        raise FailedError(said(failed))


async def _connected(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


def said(error: BaseException | None) -> str:
    """What a connection met, in the words of the field."""
    match error:
        case ConnectionRefusedError():
            return "Connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "Connection reset"
        case TimeoutError():
            return "No answer in time"
        case asyncio.IncompleteReadError():
            return "The connection was closed before the answer was whole"
        case OSError(strerror=str(text)) if text:
            return text
    return type(error).__name__


@cache
def tls(verify: bool, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    """What TLS is spoken with; loading the certificates of authorities takes time, so it is kept.

    The handshake without verification is for monitors whose certificate is no authority's.
    """
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


async def upgraded(
    writer: asyncio.StreamWriter, context: ssl.SSLContext, name: str, trace: Trace
) -> None:
    """Go on with TLS on a connection that began without."""
    try:
        await writer.start_tls(context, server_hostname=name)
    except ssl.SSLCertVerificationError as error:
        raise FailedError(f"Certificate: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise FailedError(f"TLS: {_reason(error)}") from None
    note_certificate(writer.get_extra_info("ssl_object"), trace)


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "failed").replace("_", " ").lower()


def note_certificate(ssl_object: Any, trace: Trace) -> None:
    """Note when the certificate of a connection ends."""
    if ssl_object is None:
        return
    known = ssl_object.getpeercert() or {}
    if "notAfter" in known:
        seconds = ssl.cert_time_to_seconds(known["notAfter"])
        trace.certificate_expires_at = datetime.fromtimestamp(seconds, UTC)
        return
    # Nobody verified it, so that only its bytes are known.
    encoded = ssl_object.getpeercert(binary_form=True)
    if encoded:
        from cryptography import x509

        trace.certificate_expires_at = x509.load_der_x509_certificate(encoded).not_valid_after_utc
