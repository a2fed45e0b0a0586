"""Where events wait while the database cannot take them: a file, synced to the disk.

A line an event, each with a hash over the line before it, so that what was lost or altered
meanwhile is seen. When the database is back the lines are appended to the log in their order, in
one transaction with an event that names the last line's hash; so they are taken in once, also
when the process dies between that commit and the removal of the file.
"""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain, events

_HEAD = "head"
_TAKEN_IN = "audit.spool.taken_in"


@dataclass(frozen=True)
class Line:
    """An event that waits, and the hash that ends with it."""

    at: datetime
    type: str
    actor: str
    detail: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class Contents:
    """What a file holds: whole lines in their order, and the number of the first broken one."""

    lines: tuple[Line, ...]
    head: str
    broken_at: int | None


class Spool:
    """The file of one node; processes take turns by a lock on it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.jsonl"

    @property
    def waiting(self) -> int:
        """How many events wait."""
        try:
            return max(0, self.path.read_bytes().count(b"\n") - 1)
        except OSError:
            return 0

    @property
    def is_empty(self) -> bool:
        return not self.path.exists()

    def append(self, event_type: str, *, actor: str, at: datetime, **detail: object) -> None:
        """Keep an event until the database can take it; OSError when the disk cannot either."""
        events.check(event_type, detail)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked() as file:
            head, whole = _end(file)
            # A process that died while it wrote left half a line; nobody was told it was kept.
            file.truncate(whole)
            file.seek(whole)
            text = b"" if whole else json.dumps({_HEAD: head}).encode() + b"\n"
            body = {"at": clock.iso(at), "type": event_type, "actor": actor, "detail": detail}
            body["hash"] = _digest(head, body)
            text += json.dumps(body, sort_keys=True).encode() + b"\n"
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                # A full disk can take half of it; that half must not stand before the next.
                file.truncate(whole)
                raise

    def take_in(self, session: Session, *, actor: str, now: datetime) -> int:
        """Append what waits to the log, commit, and remove the file; the number of events.

        `session` must be a writer's; SQLAlchemyError leaves everything as it was.
        """
        if self.is_empty:
            return 0
        with self._locked() as file:
            file.seek(0)
            contents = read(file.read())
            fresh = _not_yet(session, contents)
            for line in fresh:
                chain.append(session, line.type, actor=line.actor, at=line.at, **line.detail)
            if fresh:
                chain.append(
                    session,
                    _TAKEN_IN,
                    actor=actor,
                    at=now,
                    events=len(fresh),
                    since=clock.iso(fresh[0].at),
                    until=clock.iso(fresh[-1].at),
                    head=contents.head,
                    broken_line=contents.broken_at,
                )
                session.commit()
            if contents.broken_at is None:
                self.path.unlink()
            else:
                # Kept for whoever looks into it; no event is ever thrown away unread.
                self.path.rename(self.path.with_suffix(f".damaged-{contents.head[:12]}"))
        return len(fresh)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        while True:
            with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                # Whoever waited may hold a file that was removed meanwhile.
                try:
                    is_same = os.fstat(file.fileno()).st_ino == self.path.stat().st_ino
                except FileNotFoundError:
                    is_same = False
                if is_same:
                    yield file
                    return


def read(data: bytes) -> Contents:
    """The whole lines of a file; the last one without an end was never acknowledged."""
    rows = data.split(b"\n")[:-1]
    lines: list[Line] = []
    head = ""
    for number, row in enumerate(rows, start=1):
        try:
            body = json.loads(row)
            if number == 1:
                head = str(body[_HEAD])
                continue
            said = body.pop("hash")
            if said != _digest(head, body):
                return Contents(tuple(lines), head, number)
            at = datetime.fromisoformat(body["at"])
            lines.append(Line(at, body["type"], body["actor"], body["detail"], said))
            head = said
        except (ValueError, KeyError, TypeError):
            return Contents(tuple(lines), head, number)
    return Contents(tuple(lines), head, None)


def _end(file: BinaryIO) -> tuple[str, int]:
    """The hash that the next line goes on from, and where the whole lines end."""
    file.seek(0)
    data = file.read()
    whole = data.rfind(b"\n") + 1
    if not whole:
        # Random, so that no two files ever hold the same hash.
        return secrets.token_hex(32), 0
    return read(data).head, whole


def _not_yet(session: Session, contents: Contents) -> tuple[Line, ...]:
    """The lines that no earlier taking in has ended with or before."""
    known = set(
        session.scalars(
            select(chain.AuditEvent.detail["head"].as_string())
            .where(chain.AuditEvent.type == _TAKEN_IN)
            .order_by(chain.AuditEvent.seq.desc())
            .limit(20)
        )
    )
    for number in range(len(contents.lines), 0, -1):
        if contents.lines[number - 1].hash in known:
            return contents.lines[number:]
    return contents.lines


def _digest(previous: str, body: dict[str, Any]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous.encode() + canonical.encode()).hexdigest()
