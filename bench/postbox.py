"""A mail server on loopback that takes every mail: `python -m bench.postbox PORT FILE`.

It writes a line for each, with the instant of the system's monotonic clock and the subject. It has
to be cheaper than what is measured, so it knows no more of SMTP than a client needs that behaves.
"""

import asyncio
import os
import re
import sys
import time

_SUBJECT = re.compile(rb"^Subject: ([^\r\n]*)", re.MULTILINE)
_END = b"\r\n.\r\n"


class Talk(asyncio.Protocol):
    """One connection; each command is answered when its line is whole."""

    def __init__(self, file: int) -> None:
        self._file, self._held, self._is_mail = file, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 postbox\r\n")

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := _END if self._is_mail else b"\r\n") in self._held:
            text, _, self._held = self._held.partition(end)
            self._transport.write(self._mail(text) if self._is_mail else self._command(text))

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"DATA":
            self._is_mail = True
            return b"354 Go on\r\n"
        return b"221 Bye\r\n" if verb == b"QUIT" else b"250 OK\r\n"

    def _mail(self, text: bytes) -> bytes:
        self._is_mail = False
        subject = _SUBJECT.search(text)
        told = subject[1].decode() if subject else ""
        os.write(self._file, f"{time.monotonic():.6f} {told}\n".encode())
        return b"250 Taken\r\n"


async def serve(port: int, file: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Talk(file), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    descriptor = os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    asyncio.run(serve(int(sys.argv[1]), descriptor))
