"""Trying a monitor before it is saved: one look by whoever asks, with all that it brought."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from portal.errors import RuleError
from portal.monitors import looking
from portal.monitors.looks import Look
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.schemas import MonitorIn
from portal.monitors.targets import Targets
from portal.monitors.watched import plan_of

# A process has other things to do than to wait for what others type.
MOST_AT_ONCE = 4
_at_once = threading.BoundedSemaphore(MOST_AT_ONCE)


def try_once(new: MonitorIn, targets: Targets, stored: Mapping[str, Any], *, is_free: bool) -> Look:
    """Look once as the monitor would; RuleError for a heartbeat, or while others are tried."""
    if new.kind is Kind.HEARTBEAT:
        raise RuleError("kind", "A heartbeat is called; there is nothing to look at.")
    row = Monitor(is_free=is_free)
    new.apply(row, new.config())
    if not _at_once.acquire(blocking=False):
        raise RuleError("kind", "Other monitors are being tried. Try again in a moment.")
    try:
        credentials = {**stored, **new.secrets()}
        return asyncio.run(looking.look(plan_of(row), targets, credentials))
    finally:
        _at_once.release()
