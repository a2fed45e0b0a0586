"""What is kept for so long and no longer, and the windows of series two months ahead."""

import time
from datetime import timedelta
from itertools import islice

import structlog

from portal import clock
from portal.accounts import sessions, throttle
from portal.audit import addresses, segments
from portal.core import Core
from portal.guard import blocks, offences, offenders
from portal.notify import outbox, subscribers
from portal.rooms import Portal
from portal.runtime import episodes, samples
from portal.store import engine, idempotency
from portal.unit_of_work import By
from portal.worker.leadership import ACTOR

_log = structlog.get_logger()
SWEEPS_AT_ONCE = 20
SEALED_AT_ONCE = 10
PAUSE_SECONDS = 0.1


def sweep(portal: Portal) -> None:
    """Retention, and the windows of series two months ahead."""
    now = clock.now()
    portal.status.series.plan_ahead(By(ACTOR))
    with portal.core.open_session() as session:
        engine.begin_write(session)
        samples.sweep(session, now=now)
        sessions.sweep(session, now=now)
        throttle.sweep(session, now=now)
        idempotency.sweep(session, now=now)
        subscribers.sweep(session, now=now)
        portal.notify.addresses.encrypt_plain(session)
        episodes.sweep(session, now=now)
        offenders.sweep(session, now=now)
        offences.sweep(session, portal.core.settings.auto_block, now=now)
        addresses.forget(
            session, now=now, after=timedelta(days=portal.core.settings.audit_address_days)
        )
        session.commit()
    kept = timedelta(days=portal.core.settings.delivery_days)
    # Of large numbers some at a time: a statement has two seconds.
    for _ in range(SWEEPS_AT_ONCE):
        with portal.core.open_session() as session:
            engine.begin_write(session)
            is_more = outbox.sweep(session, now=now, keep=kept)
            is_more |= blocks.sweep(session, now=now)
            session.commit()
        if not is_more:
            break
    _seal(portal.core)


def _seal(core: Core) -> None:
    """Move events that have been kept long enough into segments, some at a time."""
    settings, now = core.settings, clock.now()
    folder = settings.data_dir / "audit"
    if settings.audit_keep_days is None:
        return
    cut = (now - timedelta(days=settings.audit_keep_days)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    try:
        sealed = segments.seal_old(core.open_session, folder, before=cut)
        for _ in islice(sealed, SEALED_AT_ONCE):
            # Whoever waits to write comes in before the next.
            time.sleep(PAUSE_SECONDS)
    except OSError as error:
        _log.error("worker.segment_not_kept", error=error.strerror)
