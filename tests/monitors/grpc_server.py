"""A server of gRPC's health checks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.monitors.event_loop import event_loop


@contextmanager
def grpc_health(states: dict[str, int], *, slow: float = 0.0) -> Iterator[int]:
    """A gRPC server with the standard health service; `states` by the service's name."""
    import grpc
    import grpc.aio

    async def check(request: bytes, context: Any) -> bytes:
        await asyncio.sleep(slow)
        name = request[2:].decode()
        if name not in states:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return bytes([8, states[name]])

    async def start() -> tuple[Any, int]:
        server = grpc.aio.server()
        method = grpc.unary_unary_rpc_method_handler(check)
        handlers = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})
        server.add_generic_rpc_handlers((handlers,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    with event_loop() as loop:
        server, port = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
        try:
            yield port
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(None), loop).result(20)
