"""Redis: `PING`, signed in where credentials are given."""

import asyncio

from portal.monitors import network
from portal.monitors.kinds.base import HostConfig, Port, Short, Task
from portal.monitors.looks import FailedError


class RedisConfig(HostConfig):
    port: Port = 6379
    username: Short = ""
    tls: bool = False
    verify_tls: bool = True


async def look(config: RedisConfig, task: Task) -> str:
    """Sign in if there is a password, and ping."""
    connection = await task.network.connect(config.host, config.port, task.trace)
    try:
        if config.tls:
            context = network.tls(config.verify_tls)
            reader, writer = await connection.secure(context, config.host, task.trace)
        else:
            reader, writer = await connection.plain()
        with task.trace.phase("waiting"):
            password = task.credentials.get("password")
            if password:
                name = [config.username] if config.username else []
                await _asked(reader, writer, ["AUTH", *name, password], "+OK")
            return await _asked(reader, writer, ["PING"], "+PONG")
    finally:
        connection.close()


async def _asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: list[str], wanted: str
) -> str:
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    writer.write(f"*{len(words)}\r\n{''.join(parts)}".encode())
    await writer.drain()
    try:
        raw = await reader.readline()
    except ValueError:
        raise FailedError("A line of the answer is too long") from None
    if not raw:
        raise FailedError("The connection was closed before the answer was whole")
    answer = raw.decode("utf-8", "replace").strip()
    if answer != wanted:
        raise FailedError(f"Answered {answer.lstrip('-')[:100]}, expected {wanted[1:]}")
    return answer[1:]
