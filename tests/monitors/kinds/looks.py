"""Looks at servers on loopback, made as the portal worker makes them."""

import asyncio

from portal.monitors import looking
from portal.monitors.kinds.table import config_of
from portal.monitors.looking import Plan
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from portal.settings import monitors as values

ANYWHERE = Targets(values.targets("any"))


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def look(kind: Kind, *, targets: Targets = ANYWHERE, **given: object) -> Look:
    """One look; what is not a field of the plan is of the kind."""
    plan = {
        name: given.pop(name)
        for name in (
            "timeout_seconds",
            "is_inverted",
            "latency_limit_ms",
            "certificate_days",
            "is_free",
        )
        if name in given
    }
    credentials = given.pop("credentials", {})
    config = config_of(kind, given)
    made = Plan(kind, config, **{"timeout_seconds": 5, **plan})  # type: ignore[arg-type]
    return asyncio.run(looking.look(made, targets, credentials))


def http(port: int, path: str = "/", **given: object) -> Look:
    return look(Kind.HTTP, url=f"http://127.0.0.1:{port}{path}", **given)
