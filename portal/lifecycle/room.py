"""What the room of starting and stopping holds."""

from collections.abc import Callable
from dataclasses import dataclass

from portal.core import Core
from portal.lifecycle.checks import Checks
from portal.lifecycle.phases import Phases
from portal.runtime.room import Runtime
from portal.store import schema


@dataclass(frozen=True)
class Lifecycle:
    """The phase of the node, and the checks of its readiness."""

    phases: Phases
    checks: Checks


def build(
    core: Core, phases: Phases, runtime: Runtime, is_storage_up: Callable[[], bool]
) -> Lifecycle:
    """`is_storage_up` is asked where the limits are kept in Redis."""
    checks = Checks(
        core.probe_engine,
        schema.head,
        is_storage_up=is_storage_up if core.settings.redis_url else None,
        workers=runtime.workers.all,
        pool=runtime.node.pool,
        mark=lambda: phases.mark,
    )
    return Lifecycle(phases, checks)
