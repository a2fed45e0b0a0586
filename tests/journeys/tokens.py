"""A token of a served portal, made by its command."""

import time

from tests.processes import Served


def bearer(served: Served) -> dict[str, str]:
    scopes = ("workers:push", "audit:read", "maintenance:read", "lifecycle:write")
    options = [part for scope in scopes for part in ("--scope", scope)]
    name = f"t{time.monotonic_ns()}"
    return {"Authorization": f"Bearer {served.run('token', 'create', name, *options).strip()}"}
