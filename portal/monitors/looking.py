"""Making one look: the kind's own, within its timeout, and what its result counts as."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from portal import clock
from portal.monitors.health import Outcome
from portal.monitors.kinds.base import Config, Task
from portal.monitors.kinds.table import TABLE, Entry
from portal.monitors.looks import CannotLookError, FailedError, Look, Trace
from portal.monitors.monitor import Kind
from portal.monitors.network import Network, said
from portal.monitors.states import DETAIL
from portal.monitors.targets import Targets

_log = structlog.get_logger()


@dataclass(frozen=True)
class Plan:
    """What a look needs of a monitor, away from the database."""

    kind: Kind
    config: Config
    timeout_seconds: int
    is_inverted: bool = False
    latency_limit_ms: int | None = None
    certificate_days: int = 0
    is_free: bool = False


async def look(plan: Plan, targets: Targets, credentials: Mapping[str, Any]) -> Look:
    """Look once; whatever happens on the way is an outcome, never an exception."""
    trace = Trace()
    network = Network(targets.freed(plan.config.hosts if plan.is_free else ()))
    task = Task(network, trace, credentials, plan.timeout_seconds)
    entry = TABLE[plan.kind]
    of_kind = entry.loaded()
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(plan.timeout_seconds):
            detail = await of_kind(plan.config, task)
        outcome = Outcome.UP
    except FailedError as error:
        outcome, detail = Outcome.DOWN, str(error)
    except CannotLookError as error:
        outcome, detail = Outcome.UNKNOWN, str(error)
    except TimeoutError:
        outcome, detail = _unanswered(entry, f"No answer within {plan.timeout_seconds} s")
        if trace.cut_in == "dns":
            # The node's name server, or a thread that asks it, is what was waited for.
            outcome, detail = Outcome.UNKNOWN, f"No name within {plan.timeout_seconds} s"
    except (OSError, EOFError) as error:
        outcome, detail = _unanswered(entry, said(error))
    except Exception as error:
        # A fault of ours says nothing about the target.
        _log.exception("monitor.look_failed", kind=plan.kind.value)
        outcome, detail = Outcome.UNKNOWN, f"The look failed ({type(error).__name__})"
    took = (time.perf_counter() - begun) * 1000
    if trace.measured_ms is not None:
        took = trace.measured_ms
    outcome, detail = _counted(plan, trace, outcome, detail, took)
    measured = None if outcome is Outcome.UNKNOWN else took
    return Look(outcome, clock.now(), measured, detail[:DETAIL], trace)


def _unanswered(entry: Entry, detail: str) -> tuple[Outcome, str]:
    """The target's fault, or that of somebody who measures it, which says nothing of the target."""
    if entry.asks_another:
        return Outcome.UNKNOWN, f"{entry.word}: {detail}"
    return Outcome.DOWN, detail


def _counted(
    plan: Plan, trace: Trace, outcome: Outcome, detail: str, took: float
) -> tuple[Outcome, str]:
    """What a look counts as: inverted, slow, or with a certificate that is nearly over."""
    if plan.is_inverted and outcome in (Outcome.UP, Outcome.DOWN):
        is_up = outcome is Outcome.DOWN
        detail = f"{detail}, as it should" if is_up else f"{detail}, which it should not"
        return (Outcome.UP if is_up else Outcome.DOWN), detail
    if outcome is not Outcome.UP:
        return outcome, detail
    if trace.warnings:
        return Outcome.DEGRADED, trace.warnings[0]
    if plan.latency_limit_ms is not None and took > plan.latency_limit_ms:
        return Outcome.DEGRADED, f"{took:.0f} ms, limit {plan.latency_limit_ms} ms"
    expires = trace.certificate_expires_at
    if expires is not None and plan.certificate_days:
        left = expires - clock.now()
        if left < timedelta(days=plan.certificate_days):
            return Outcome.DEGRADED, f"The certificate ends in {max(0, left.days)} days"
    return outcome, detail
