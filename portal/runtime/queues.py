"""Looking at queues where they live: for workers that cannot report by themselves.

A queue that cannot be read is a worker in error, with the reason as its note; it never stops the
look at the others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from portal.runtime.workers import WorkerIn, WorkerStatus
from portal.settings import WorkerQueue
from portal.store import engine as engines

_log = structlog.get_logger()
TIMEOUT_SECONDS = 2.0
STUCK_MILLISECONDS = 5 * 60 * 1000


class RedisUnreadableError(Exception):
    """Redis does not answer, or not as a queue; the text is the class of its error."""


def measure(queue: WorkerQueue) -> WorkerIn:
    """The depth of a queue as a report."""
    try:
        pending, stuck, failed = _READERS[queue.kind](queue)
    except (RedisUnreadableError, SQLAlchemyError, OSError, ValueError, TypeError) as error:
        kind = str(error) if isinstance(error, RedisUnreadableError) else type(error).__name__
        _log.warning("queues.unreadable", worker=queue.worker, error=kind)
        note = f"The queue cannot be read ({kind})"
        return WorkerIn(status=WorkerStatus.ERROR, pending=0, note=note)
    return WorkerIn(status=WorkerStatus.HEALTHY, pending=pending, stuck=stuck, failed=failed)


@contextmanager
def _redis(queue: WorkerQueue) -> Iterator[Any]:
    # With what it needs it takes ten megabytes, and few portals have such a queue.
    from redis import Redis
    from redis.exceptions import RedisError

    bounds = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    try:
        with Redis.from_url(queue.url, **bounds) as client:
            yield client
    except RedisError as error:
        raise RedisUnreadableError(type(error).__name__) from error


def _list(queue: WorkerQueue) -> tuple[int, int, int]:
    with _redis(queue) as client:
        return int(client.llen(queue.source)), 0, 0


def _stream(queue: WorkerQueue) -> tuple[int, int, int]:
    """With a group: what it has not read and not acknowledged; stuck is idle for 5 minutes."""
    key, _, group = queue.source.partition(" ")
    with _redis(queue) as client:
        if not group:
            return int(client.xlen(key)), 0, 0
        for one in client.xinfo_groups(key):
            if one["name"] == group.encode():
                idle = client.xpending_range(
                    key, group, min="-", max="+", count=1000, idle=STUCK_MILLISECONDS
                )
                return int(one["lag"] or 0) + int(one["pending"]), len(idle), 0
    raise ValueError(f"no group {group}")


def _sql(queue: WorkerQueue) -> tuple[int, int, int]:
    """A query that gives one row of pending, and if it likes stuck and failed."""
    engine = create_engine(queue.url, **engines.options(queue.url, pool_size=1))
    try:
        with engine.connect() as connection:
            row = connection.execute(text(queue.source)).one()
    finally:
        engine.dispose()
    counts = [int(one) for one in row[:3]]
    if any(one < 0 for one in counts):
        raise ValueError("a count below zero")
    pending, stuck, failed = (*counts, 0, 0)[:3]
    return pending, stuck, failed


_READERS = {"list": _list, "stream": _stream, "sql": _sql}
