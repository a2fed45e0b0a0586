"""A WebSocket server's application: one path that takes, one that refuses, one that waits."""

import asyncio
from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI; `/feed` accepts, `/slow` thinks for ever, all else is refused."""
    if scope["type"] != "websocket":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
        return
    await receive()
    if scope["path"] == "/slow":
        await asyncio.Event().wait()
    if scope["path"] != "/feed":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    await receive()
