"""Values about the workers of the platform, and where their queues are."""

import re
from dataclasses import dataclass
from datetime import timedelta

from portal.settings.values import listed, seconds

_WORKER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")


@dataclass(frozen=True)
class DeclaredWorker:
    """A worker that reports, or is looked at, every `interval`."""

    name: str
    interval: timedelta
    is_required: bool = False


@dataclass(frozen=True)
class WorkerQueue:
    """Where a worker's queue lives: `kind` is list or stream (Redis), or sql."""

    worker: str
    kind: str
    url: str
    source: str


def workers(raw: str) -> tuple[DeclaredWorker, ...]:
    found = []
    for part in listed(raw):
        name, _, rest = part.partition(":")
        interval, _, mark = rest.partition(":")
        if not _WORKER_NAME.fullmatch(name) or mark not in {"", "required"} or not interval:
            raise ValueError("must be a list of name:interval or name:interval:required")
        found.append(DeclaredWorker(name, seconds(interval), mark == "required"))
    if len({one.name for one in found}) != len(found):
        raise ValueError("names a worker twice")
    return tuple(found)


def queues(raw: str) -> tuple[WorkerQueue, ...]:
    found = []
    for part in raw.split(";"):
        if not part.strip():
            continue
        name, _, rest = part.strip().partition("=")
        kind, _, place = rest.partition(" ")
        url, _, source = place.strip().partition(" ")
        if kind not in {"list", "stream", "sql"} or not url or not source.strip():
            raise ValueError(
                "must have the form emails=list redis://host/0 queue:emails;"
                " jobs=sql postgresql+psycopg://host/app SELECT count(*) FROM job"
            )
        found.append(WorkerQueue(name, kind, url, source.strip()))
    return tuple(found)
