"""The keeper of the board: when it is rebuilt, by whom, and what is served meanwhile.

A rebuild happens when the revision moves or the picture's time is over. However many ask at
once, one of them rebuilds and the others go on with what there is. With the database gone the
last picture is served, moved on to the present, and says since when it could not be confirmed.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.board import picture as pictures
from portal.board.answers import Answers, Publish
from portal.board.copy import Copy
from portal.store import revision

_log = structlog.get_logger()
# How often another process's change is looked for; in force everywhere within a second.
LOOK_EVERY = timedelta(milliseconds=500)


class Board:
    """Holds the answers of the latest picture; None until the first one could be had."""

    def __init__(self, open_session: Callable[[], Session], publish: Publish, copy: Copy) -> None:
        self._open_session = open_session
        self._publish = publish
        self._copy = copy
        self._one_at_a_time = threading.Lock()
        self._answers: Answers | None = None
        self._looked_at: datetime | None = None
        self._asked = 0
        self.rebuilds = 0
        # Whether someone calls `tend` beside the requests, so that none of them waits for it.
        self.is_tended = False

    def current(self, now: datetime | None = None) -> Answers | None:
        """The answers now; looks for a change when the last look is half a second old."""
        if self.is_tended:
            return self._answers
        now = now or clock.now()
        looked_at = self._looked_at
        if looked_at is not None and abs(now - looked_at) < LOOK_EVERY:
            answers = self._answers
            if answers is None or now < answers.picture.valid_until:
                return answers
        if self._answers is None:
            with self._one_at_a_time:
                if self._answers is None:
                    self._look(now)
        elif self._one_at_a_time.acquire(blocking=False):
            try:
                self._look(now)
            finally:
                self._one_at_a_time.release()
        return self._answers

    def tend(self) -> float:
        """Look for a change, and give the seconds until the picture's time is over."""
        with self._one_at_a_time:
            self._look(clock.now())
        answers = self._answers
        if answers is None:
            return LOOK_EVERY.total_seconds()
        return (answers.picture.valid_until - clock.now()).total_seconds()

    def refresh(self) -> None:
        """Rebuild at once, after a change of this process; waits for one that is under way."""
        with self._one_at_a_time:
            self._look(clock.now())

    @property
    def age_seconds(self) -> float:
        """Seconds since the database confirmed the picture; -1 before there is one."""
        if self._answers is None:
            return -1.0
        confirmed = self._answers.picture.generated_at
        return max(0.0, (clock.now() - confirmed).total_seconds())

    @property
    def revision(self) -> int:
        return self._answers.picture.revision if self._answers else 0

    def _look(self, now: datetime) -> None:
        self._looked_at = now
        before = self._answers.picture if self._answers else None
        try:
            with self._open_session() as session:
                is_same = (
                    before is not None
                    and before.stale_since is None
                    and before.generated_at <= now < before.valid_until
                    and revision.current(session) == before.revision
                )
                if not is_same:
                    fresh = pictures.take(session, now=now)
                    self._answers = self._publish(fresh)
                    self.rebuilds += 1
                    self._copy.keep(fresh)
        except SQLAlchemyError as error:
            _log.warning("board.database_unreachable", error=type(error).__name__)
            # The look itself may have waited for a timeout; the next waits its turn from now.
            self._looked_at = clock.now()
            if before is None:
                kept = self._copy.load()
                if kept is not None:
                    since = kept.generated_at
                    self._answers = self._publish(kept.at(self._looked_at, stale_since=since))
            elif before.stale_since is None or self._looked_at >= before.valid_until:
                since = before.stale_since or now
                self._answers = self._publish(before.at(self._looked_at, stale_since=since))
