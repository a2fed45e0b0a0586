"""The keeper of the board: when it is rebuilt, by whom, and what is served meanwhile.

A rebuild happens when the revision moves or an instant passes at which something begins or ends;
never by a timer. A look that finds neither confirms the picture: its age is that of the last such
look. However many ask at once, one of them rebuilds and the others go on with what there is. With
the database gone the last picture is served, moved on to the present, and says since when it could
not be confirmed.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.board import published
from portal.board.answers import Answers, Publish
from portal.board.copy import Copy
from portal.board.history import History
from portal.board.picture import Picture
from portal.store import errors, revision
from portal.store.errors import FailureKind

_log = structlog.get_logger()
# How often another process's change is looked for; in force everywhere within a second.
REFRESH_EVERY = timedelta(milliseconds=500)


class Board:
    """Holds the answers of the latest picture; None until the first one could be had."""

    def __init__(self, open_session: Callable[[], Session], publish: Publish, copy: Copy) -> None:
        self._open_session = open_session
        self._publish = publish
        self._copy = copy
        self._history = History()
        self._one_at_a_time = threading.Lock()
        self._answers: Answers | None = None
        self._is_compressed = False
        self._refreshed_at: datetime | None = None
        self.rebuilds = 0
        # When the database said at last that the picture is true; None before there is one.
        self.confirmed_at: datetime | None = None
        # Why the last look failed; None when it did not.
        self.failure: FailureKind | None = None
        # Whether someone calls `refresh` beside the requests, so that none of them waits for it.
        self.is_supervised = False
        # Whether the picture is of the process that this one was forked from, however long ago.
        self.is_inherited = False

    def current(self, now: datetime | None = None) -> Answers | None:
        """The answers now; looks for a change when the last look is half a second old."""
        if self.is_supervised:
            return self._answers
        now = now or clock.now()
        refreshed_at = self._refreshed_at
        if refreshed_at is not None and abs(now - refreshed_at) < REFRESH_EVERY:
            answers = self._answers
            if answers is None or now < answers.picture.valid_until:
                return answers
        if self._answers is None:
            with self._one_at_a_time:
                if self._answers is None:
                    self._refresh(now)
                    self._compress()
        elif self._one_at_a_time.acquire(blocking=False):
            try:
                self._refresh(now)
                self._compress()
            finally:
                self._one_at_a_time.release()
        return self._answers

    def refresh(self) -> None:
        """Look for a change at once, after one of this process or beside the requests.

        An act does not wait until its answers are compressed where `confirm` follows.
        """
        with self._one_at_a_time:
            self._refresh(clock.now())
            if not self.is_supervised:
                self._compress()

    def confirm(self, number: int) -> None:
        """The revision is this one, as the database has just said: the picture is true, or made."""
        with self._one_at_a_time:
            self._refresh(clock.now(), number)
            self._compress()

    @property
    def is_over(self) -> bool:
        """Whether there is no picture, or its time has passed."""
        answers = self._answers
        return answers is None or clock.now() >= answers.picture.valid_until

    @property
    def seconds_left(self) -> float:
        """Until the time of the picture is over; half a second where a refresh has failed."""
        answers = self._answers
        left = (answers.picture.valid_until - clock.now()).total_seconds() if answers else 0.0
        return left if left > 0 else REFRESH_EVERY.total_seconds()

    @property
    def age_seconds(self) -> float:
        """Seconds since the database confirmed the picture; -1 before there is one."""
        if self.confirmed_at is None:
            return -1.0
        return max(0.0, (clock.now() - self.confirmed_at).total_seconds())

    @property
    def revision(self) -> int:
        return self._answers.picture.revision if self._answers else 0

    def _refresh(self, now: datetime, number: int | None = None) -> None:
        self._refreshed_at = now
        before = self._answers.picture if self._answers else None
        try:
            with self._open_session() as session:
                # Read here it is that of the picture; what others have read may be over by now.
                read = revision.current(session) if number is None else None
                is_same = (
                    before is not None
                    and before.stale_since is None
                    and before.generated_at <= now < before.valid_until
                    and (read if number is None else number) == before.revision
                )
                if before is None or not is_same:
                    fresh = published.take(session, now=now, history=self._history, number=read)
                    self._put(fresh)
                    self.rebuilds += 1
            self.confirmed_at, self.failure, self.is_inherited = now, None, False
            if before is not None and is_same:
                # Not within the act that changed it: nobody waits for a file.
                self._copy.keep(before, now)
        except SQLAlchemyError as error:
            self.failure = errors.of(error)
            _log.warning("board.database_unreachable", error=type(error).__name__)
            # The look itself may have waited for a timeout; the next waits its turn from now.
            self._refreshed_at = now = clock.now()
            if before is None or self.is_inherited:
                self.is_inherited = False
                kept = self._copy.load()
                # Of two pictures the one that was confirmed later.
                if kept and (before is None or not _is_after(self.confirmed_at, kept[1])):
                    before, self.confirmed_at = kept
            if before is not None and (before.stale_since is None or now >= before.valid_until):
                assert self.confirmed_at is not None
                self._put(before.at(now, stale_since=self.confirmed_at))

    def _put(self, picture: Picture) -> None:
        """Serve a picture; its answers are compressed after that."""
        self._answers = self._publish(picture, self._answers)
        self._is_compressed = False

    def _compress(self) -> None:
        if self._answers is not None and not self._is_compressed:
            self._answers.compress()
            self._is_compressed = True


def _is_after(one: datetime | None, other: datetime) -> bool:
    return one is not None and one > other
