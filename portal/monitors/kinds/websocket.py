"""WebSocket: a handshake that the server takes."""

import base64
import hashlib
import os
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from portal.monitors.kinds.base import Task, UrlConfig
from portal.monitors.kinds.http import Headers, checked_address, secrets_of
from portal.monitors.looks import FailedError

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _address(text: str) -> str:
    if not text.startswith(("ws://", "wss://")):
        raise ValueError("An address begins with wss:// or ws:// and names a host.")
    checked_address(f"http{text[2:]}")
    return text


class WebsocketConfig(UrlConfig):
    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_address)]
    headers: Headers = Field(default={}, max_length=20)
    username: Annotated[str, StringConstraints(max_length=200)] = ""
    verify_tls: bool = True


async def look(config: WebsocketConfig, task: Task) -> str:
    """Ask for the upgrade, and hold the answer's key against ours."""
    from portal.monitors.kinds import exchange

    key = base64.b64encode(os.urandom(16)).decode()
    headers = {
        **config.headers,
        **secrets_of(config.username, task.credentials),
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    answer = await exchange.ask(
        task,
        "GET",
        f"http{config.url[2:]}",
        headers,
        b"",
        verify=config.verify_tls,
        http2=False,
        most_bytes=0,
    )
    task.trace.status = str(answer.status)
    task.trace.say(f"{answer.version} {answer.status} {answer.reason}")
    if answer.status != 101:
        raise FailedError(f"{answer.status} {answer.reason}, expected 101")
    digest = hashlib.sha1(key.encode() + _MAGIC, usedforsecurity=False).digest()
    if answer.headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
        raise FailedError("The server took the handshake with a wrong key")
    return "101 Switching Protocols"
