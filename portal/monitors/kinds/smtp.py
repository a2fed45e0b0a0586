"""SMTP: a greeting, and what the server offers after it; over TLS where that is wished."""

import asyncio
import socket
from typing import Literal

from portal.monitors import network
from portal.monitors.kinds.base import HostConfig, Port, Short, Task
from portal.monitors.looks import FailedError
from portal.monitors.network import Connection

_MOST_LINES = 50


class SmtpConfig(HostConfig):
    port: Port = 25
    security: Literal["none", "starttls", "tls"] = "none"
    text_present: Short = ""
    verify_tls: bool = True


async def look(config: SmtpConfig, task: Task) -> str:
    """Wait for the greeting, say hello, and leave politely."""
    connection = await task.network.connect(config.host, config.port, task.trace)
    try:
        with task.trace.phase("waiting"):
            return await _spoken(connection, config, task)
    finally:
        connection.close()


async def _spoken(connection: Connection, config: SmtpConfig, task: Task) -> str:
    context = network.tls(config.verify_tls)
    if config.security == "tls":
        reader, writer = await connection.secure(context, config.host, task.trace)
    else:
        reader, writer = await connection.plain()
    greeting = await _answer(reader, task, 220)
    offered = await _said(reader, writer, task, f"EHLO {_own_name()}", 250)
    if config.security == "starttls":
        if "STARTTLS" not in offered.upper():
            raise FailedError("The server does not offer STARTTLS")
        await _said(reader, writer, task, "STARTTLS", 220)
        with task.trace.phase("tls"):
            await network.upgraded(writer, context, config.host, task.trace)
        await _said(reader, writer, task, f"EHLO {_own_name()}", 250)
    if config.text_present and config.text_present not in greeting:
        raise FailedError(f"“{config.text_present}” is not in the greeting")
    writer.write(b"QUIT\r\n")
    return greeting.splitlines()[0]


def _own_name() -> str:
    name = socket.gethostname()
    return name if name.isascii() and " " not in name else "localhost"


async def _said(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: Task, line: str, code: int
) -> str:
    writer.write(f"{line}\r\n".encode())
    await writer.drain()
    return await _answer(reader, task, code)


async def _answer(reader: asyncio.StreamReader, task: Task, code: int) -> str:
    """All lines of one answer; FailedError when it has another code."""
    lines: list[str] = []
    for _ in range(_MOST_LINES):
        try:
            raw = await reader.readline()
        except ValueError:
            raise FailedError("A line of the answer is too long") from None
        if not raw:
            raise FailedError("The connection was closed before the answer was whole")
        lines.append(raw.decode("utf-8", "replace").rstrip("\r\n"))
        if lines[-1][3:4] != "-":
            break
    task.trace.say("\n".join(lines))
    task.trace.status = lines[-1][:3]
    if not lines[-1].startswith(str(code)):
        raise FailedError(f"Answered {lines[-1][:100]}, expected {code}")
    return "\n".join(lines)
