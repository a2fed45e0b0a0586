"""Kills a writer at random moments, again and again: `python -m tests.faults.crash_points N`.

The app is loaded once; each writer is a fork of it with connections of its own, so that thousands
of deaths take a minute. The database is that of the environment's settings, at head. Prints how
many died, how many of them inside a transaction, and what was found afterwards.
"""

import gc
import json
import mmap
import os
import random
import signal
import sys
import time

from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.cli import application
from portal.status.announcements import Announcement, AnnouncementIn, Announcements
from portal.store import revision
from portal.unit_of_work import By


def write_until_killed(announcements: Announcements, inside: mmap.mmap, name: int) -> None:
    """Announce without end.

    The first shared byte is 1 from the first row written to the commit, the second one as soon as
    this begins: a busy machine may be late with that.
    """

    @event.listens_for(Session, "after_flush")
    def flushed(*_: object) -> None:
        inside[0] = 1

    @event.listens_for(Session, "after_commit")
    def committed(*_: object) -> None:
        inside[0] = 0

    number = 0
    inside[1] = 1
    while True:
        number += 1
        announcements.create(By("writer"), AnnouncementIn(title=f"{name}-{number}"))


def _first_act(announcements: Announcements) -> float:
    """How long the first act of a writer takes on this machine, in seconds."""
    begun = clock.boot_seconds()
    pid = os.fork()
    if pid == 0:
        try:
            announcements.create(By("writer"), AnnouncementIn(title="one more"))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return clock.boot_seconds() - begun


def main(count: int) -> None:
    app = application.make()
    portal = app.extensions["portal"]
    # The board would be rebuilt after each act; what is looked at here is the act.
    announcements = Announcements(portal.core.open_session, lambda: None)
    # Statements are compiled once, for all who come after.
    announcements.create(By("writer"), AnnouncementIn(title="the first"))
    with portal.core.open_session() as session:
        start = revision.current(session) - 1
    portal.core.engine.dispose()
    inside = mmap.mmap(-1, 2)
    gc.freeze()
    # The quickest of some: one that waited for a busy machine would make all writers live long.
    longest = 2 * min(_first_act(announcements) for _ in range(5))
    hits, begun = 0, clock.boot_seconds()
    for name in range(count):
        inside[0] = inside[1] = 0
        pid = os.fork()
        if pid == 0:
            try:
                write_until_killed(announcements, inside, name)
            finally:
                os._exit(70)
        while not inside[1]:
            time.sleep(0.0005)
        time.sleep(random.uniform(0.001, longest))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"a writer ended by itself: {status}")
        hits += inside[0]
    seconds = clock.boot_seconds() - begun
    with portal.core.open_session() as session:
        # A server may still be undoing what the last one left.
        rows = set(session.scalars(select(Announcement.slug)))
        events = [
            one["ref"]
            for one in session.scalars(
                select(chain.AuditEvent.detail).where(
                    chain.AuditEvent.type == "announcement.created"
                )
            )
        ]
        verdict = list(chain.verify(session))[-1]
        raised = revision.current(session) - start
        length = session.scalar(select(func.count()).select_from(chain.AuditEvent))
        healthy = (
            session.execute(text("PRAGMA integrity_check")).scalar()
            if session.get_bind().dialect.name == "sqlite"
            else "ok"
        )
    print(
        json.dumps(
            {
                "deaths": count,
                "inside": hits,
                "seconds": round(seconds, 1),
                "rows": len(rows),
                "events": len(events),
                "same": rows == set(events),
                "raised": raised,
                "length": length,
                "bad": verdict.first_bad_seq,
                "integrity": healthy,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
