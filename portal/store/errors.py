"""What is wrong when the database refuses, and what of it passes by itself."""

import functools
import random
import time
from collections.abc import Callable
from enum import StrEnum
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from portal.store.pool import PoolClosedError

P = ParamSpec("P")
R = TypeVar("R")
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 1.5


class FailureKind(StrEnum):
    """Why a statement failed, as far as whoever waits for it can act on that."""

    BUSY = "busy"
    READ_ONLY = "read-only"
    FULL = "full"
    # The tables are not those of this version: `portal db upgrade` was not run.
    OUTDATED = "outdated"
    # This process is on its way out, and has closed its connections.
    STOPPING = "stopping"
    AWAY = "away"


class UnknownOutcomeError(SQLAlchemyError):
    """The connection broke while a commit was under way; it may or may not have been stored."""


# PostgreSQL's codes: serialization failure, deadlock, lock not available, read-only transaction,
# disk full, no such table, no such column. SQLite's names begin alike for all cases of a kind; what
# is missing it says in words alone.
_BUSY_STATES = frozenset({"40001", "40P01", "55P03"})
_READ_ONLY_STATE = "25006"
_FULL_STATE = "53100"
_OUTDATED_STATES = frozenset({"42P01", "42703"})
_OUTDATED_WORDS = ("no such table", "no such column", "has no column named")
_SQLITE = {
    "SQLITE_BUSY": FailureKind.BUSY,
    "SQLITE_LOCKED": FailureKind.BUSY,
    "SQLITE_READONLY": FailureKind.READ_ONLY,
    "SQLITE_FULL": FailureKind.FULL,
}


def of(error: BaseException) -> FailureKind:
    """What an error of the database means; whatever is not known counts as away."""
    if isinstance(error, PoolClosedError):
        return FailureKind.STOPPING
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state in _BUSY_STATES:
        return FailureKind.BUSY
    if state == _READ_ONLY_STATE:
        return FailureKind.READ_ONLY
    if state == _FULL_STATE:
        return FailureKind.FULL
    if state in _OUTDATED_STATES:
        return FailureKind.OUTDATED
    name = getattr(cause, "sqlite_errorname", None) or ""
    if name == "SQLITE_ERROR" and any(words in str(cause) for words in _OUTDATED_WORDS):
        return FailureKind.OUTDATED
    for start, kind in _SQLITE.items():
        if name.startswith(start):
            return kind
    return FailureKind.AWAY


def is_demoted(error: BaseException) -> bool:
    """Whether a server says that it takes no writes: after a failover it is another one now."""
    return getattr(error, "sqlstate", None) == _READ_ONLY_STATE


def retried(act: Callable[P, R]) -> Callable[P, R]:
    """Try an act of one whole transaction again when the database was only busy with another.

    Four times at most; whatever else fails, or keeps failing, is the caller's. Nothing of an
    attempt that failed is stored, so the act may not do anything outside its transaction before
    the commit.
    """

    @functools.wraps(act)
    def trying(*args: P.args, **kwargs: P.kwargs) -> R:
        begun = time.monotonic()
        for attempt in range(ATTEMPTS - 1):
            try:
                return act(*args, **kwargs)
            except DBAPIError as error:
                # What was waited for long is not waited for again: somebody looks at a form.
                if of(error) is not FailureKind.BUSY or time.monotonic() - begun > PATIENCE_SECONDS:
                    raise
            time.sleep(random.uniform(0.5, 1.5) * FIRST_PAUSE_SECONDS * 2**attempt)
        return act(*args, **kwargs)

    return trying


def again_if_taken(act: Callable[P, R]) -> Callable[P, R]:
    """Run an act of one whole transaction once more when a row of another stood in its way.

    Somebody added the same at the same time; now the act finds it there.
    """

    @functools.wraps(act)
    def trying(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return act(*args, **kwargs)
        except IntegrityError:
            return act(*args, **kwargs)

    return trying
