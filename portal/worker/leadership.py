"""Which of several workers works: leases that are renewed, and given back at the end."""

import structlog
from sqlalchemy.orm import Session

from portal import clock
from portal.core import Core
from portal.store import engine, lease

_log = structlog.get_logger()
ACTOR = "portal worker"
# Rounds, deliveries and monitors may be led by three workers: none waits for another.
ROUNDS = "worker"
DELIVERIES = "notifications"
MONITORS = "monitors"


def lead(core: Core, holder: str, name: str = ROUNDS, fence: lease.Fence | None = None) -> bool:
    """Whether this worker is the one that works now; renews its lease, or takes a free one."""
    fence = fence or core.fence
    before = fence.held
    # In a session without the fence: whoever lost the lease may ask for it again.
    with Session(core.engine) as session:
        engine.begin_write(session)
        now = clock.now()
        if before and before.holder == holder and lease.renew(session, [before], now=now):
            held: lease.Held | None = before
        else:
            held = lease.take(session, name, holder=holder, now=now)
        session.commit()
    if (held is None) != (before is None):
        _log.info("worker.leads" if held else "worker.stands_by", lease=name)
    fence.hold(held, now=now)
    return held is not None


def give_back(core: Core, held: lease.Held) -> None:
    """Let another worker lead at once."""
    with core.open_session() as session:
        engine.begin_write(session)
        lease.give_back(session, held, now=clock.now())
        session.commit()
