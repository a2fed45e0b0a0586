"""Segments: parts of the log as files that can be checked by themselves, and its retention.

A segment is JSON lines: a head with the hash before its first event, the events, and an end with
the hash of its last. What is older than the log is kept for is written to a segment, synced, and
only then removed from the database, in one transaction with an event that names file and hash and
an anchor from which the chain goes on.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import addresses, chain
from portal.audit.chain import Anchor, AuditEvent, Verdict
from portal.store import engine, files

ACTOR = "portal"
# Of one segment: its transaction keeps all other writers of SQLite waiting.
MOST_EVENTS = 10_000
_KIND = "portal.audit.segment"


@dataclass(frozen=True)
class Segment:
    """What a file holds; `sha256` is that of the whole file."""

    file: str
    first: int
    last: int
    head: str
    sha256: str


def write(
    session: Session,
    path: Path,
    *,
    first: int | None = None,
    last: int | None = None,
    with_addresses: bool = False,
) -> Segment | None:
    """Write events to `path`, whole or not at all; None when there are none of those numbers."""
    start = chain.start(session)
    first = max(start.seq + 1, first or 0)
    newest = session.scalar(select(func.max(AuditEvent.seq))) or start.seq
    last = min(newest, last or newest)
    if first > last:
        return None
    before = start.hash
    if first > start.seq + 1:
        before = session.scalars(select(AuditEvent.hash).where(AuditEvent.seq == first - 1)).one()
    fresh = path.with_name(f"{path.name}.new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            digest, head = hashlib.sha256(), before
            for line in _lines(session, first, last, before, with_addresses):
                head = line.get("hash", head)
                _put(file, digest, line)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)
    files.sync_folder(path.parent)
    return Segment(path.name, first, last, head, digest.hexdigest())


def seal_old(
    open_session: Callable[[], Session], folder: Path, *, before: datetime
) -> Iterator[Segment]:
    """Move what was recorded before an instant into segments, each in a transaction of its own.

    Others write between two of them, and whoever dies in between goes on from there the next time.
    OSError when a file cannot be kept.
    """
    while True:
        with open_session() as session:
            engine.begin_write(session)
            made = seal(session, folder, before=before, now=clock.now())
            # A commit that fails may have been taken: the file stays, and the next try writes it
            # anew if it was not.
            session.commit()
        if made is None:
            return
        yield made


def seal(
    session: Session, folder: Path, *, before: datetime, now: datetime, most: int = MOST_EVENTS
) -> Segment | None:
    """Move the oldest events before an instant into a segment; None when there are none.

    In the caller's write transaction; OSError, and nothing removed, when the file cannot be kept.
    """
    first = chain.start(session).seq + 1
    last = session.scalar(
        select(func.max(AuditEvent.seq)).where(
            AuditEvent.seq < first + most, AuditEvent.at < before
        )
    )
    if last is None:
        return None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"audit-{first:09d}-{last:09d}.jsonl"
    made = write(session, path, first=first, last=last)
    if made is None:
        return None
    try:
        session.add(
            Anchor(seq=made.last, hash=made.head, at=now, file=path.name, sha256=made.sha256)
        )
        chain.append(
            session,
            "audit.segment.sealed",
            actor=ACTOR,
            at=now,
            first=made.first,
            last=made.last,
            head=made.head,
            file=path.name,
            sha256=made.sha256,
        )
        session.execute(delete(AuditEvent).where(AuditEvent.seq <= made.last))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return made


def verify(path: Path) -> Iterator[Verdict]:
    """Check a file by itself, as `chain.verify` does the log; ValueError for another file."""
    with path.open("rb") as file:
        head = _parsed(file.readline())
        if head.get("kind") != _KIND:
            raise ValueError("this is not an audit log segment")
        previous, expected, checked = str(head["previous"]), int(head["first"]), 0
        end: dict[str, Any] = {}
        for row in file:
            if end:
                yield Verdict(checked, expected, "lines were added after the end of the segment")
                return
            line = _parsed(row)
            if "head" in line:
                end = line
                continue
            if line.get("seq") != expected:
                yield Verdict(checked, expected, f"event {expected} is missing")
                return
            if line.get("hash") != chain.digest_of(previous, line):
                yield Verdict(checked, expected, "its content does not match its hash")
                return
            previous, expected, checked = line["hash"], expected + 1, checked + 1
            if checked % 1000 == 0:
                yield Verdict(checked, None)
        if end.get("head") != previous or end.get("last") != expected - 1:
            yield Verdict(checked, expected, f"the segment ends before event {expected}")
            return
    yield Verdict(checked, None)


def _lines(
    session: Session, first: int, last: int, before: str, with_addresses: bool
) -> Iterator[dict[str, Any]]:
    yield {"kind": _KIND, "version": 1, "first": first, "last": last, "previous": before}
    head = before
    for begin in range(first, last + 1, 1000):
        until = min(begin + 999, last)
        rows = session.scalars(
            select(AuditEvent).where(AuditEvent.seq.between(begin, until)).order_by(AuditEvent.seq)
        ).all()
        clear = addresses.known(session, [row.seq for row in rows]) if with_addresses else {}
        for row in rows:
            line = {
                "seq": row.seq,
                "at": clock.iso(row.at),
                "type": row.type,
                "actor": row.actor,
                "detail": row.detail,
                "hash": row.hash,
            }
            if row.seq in clear:
                line["addresses"] = clear[row.seq]
            head = row.hash
            yield line
    yield {"head": head, "first": first, "last": last}


def _put(file: BinaryIO, digest: Any, line: dict[str, Any]) -> None:
    data = json.dumps(line, ensure_ascii=False, sort_keys=True).encode() + b"\n"
    digest.update(data)
    file.write(data)


def _parsed(row: bytes) -> dict[str, Any]:
    try:
        line = json.loads(row)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
