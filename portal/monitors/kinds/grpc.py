"""gRPC: the standard health service, of one service or of the whole server."""

from importlib.util import find_spec
from typing import Any

from portal.monitors import network
from portal.monitors.kinds.base import HostConfig, Short, Task
from portal.monitors.looks import CannotLookError, FailedError

MISSING = "gRPC needs the package grpcio: install portal[grpc]"
_STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


class GrpcConfig(HostConfig):
    service: Short = ""
    tls: bool = False

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}{'/' if self.service else ''}{self.service}"


async def look(config: GrpcConfig, task: Task) -> str:
    """Ask the health service at the address that was checked, in the name of its host."""
    if find_spec("grpc") is None:
        raise CannotLookError(MISSING)
    import grpc
    import grpc.aio

    address = (await task.network.resolve(config.host, config.port, task.trace))[0]
    where = f"[{address}]" if address.version == 6 else str(address)
    task.trace.address = f"{where}:{config.port}"
    target = f"ipv{address.version}:{where}:{config.port}"
    options: list[tuple[str, Any]] = [
        ("grpc.default_authority", f"{config.host}:{config.port}"),
        # No proxy of the surroundings: it would be asked for another address.
        ("grpc.enable_http_proxy", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_receive_message_length", 64 * 1024),
    ]
    if config.tls:
        options.append(("grpc.ssl_target_name_override", config.host))
        await _shown_certificate(config, task)
        channel = grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), options)
    else:
        channel = grpc.aio.insecure_channel(target, options)
    try:
        with task.trace.phase("waiting"):
            state = await _asked(channel, config.service, task.timeout_seconds)
    except grpc.aio.AioRpcError as error:
        code = error.code().name
        raise FailedError(f"{code}: {(error.details() or '')[:120]}".rstrip(": ")) from None
    finally:
        await channel.close()
    task.trace.status = state
    if state != "SERVING":
        raise FailedError(state)
    return state


async def _shown_certificate(config: GrpcConfig, task: Task) -> None:
    """A handshake of our own tells when the certificate ends, and what is wrong with it."""
    connection = await task.network.connect(config.host, config.port, task.trace)
    try:
        await connection.secure(network.tls(True, ("h2",)), config.host, task.trace)
    finally:
        connection.close()


async def _asked(channel: Any, service: str, timeout: float) -> str:
    name = service.encode()
    # A message of one string and one of one number need no compiler.
    request = b"\x0a" + _length(len(name)) + name if name else b""
    call = channel.unary_unary("/grpc.health.v1.Health/Check")
    answer: bytes = await call(request, timeout=timeout)
    return _STATES.get(answer[1] if len(answer) >= 2 and answer[0] == 8 else 0, "UNKNOWN")


def _length(size: int) -> bytes:
    return bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
