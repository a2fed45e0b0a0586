"""Two acts at once on PostgreSQL: the second begins when the first has done all but commit."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from tests.patience import until

_BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


def at_once(
    engine: Engine, first: Callable[[], Any], second: Callable[[], Any], *, commit: int = 1
) -> tuple[Any, Any]:
    """What both gave. Each uses `engine` and commits itself.

    Where the first commits several times, `commit` says at which the second begins.
    """
    held, go_on = threading.Event(), threading.Event()
    thread, commits = list[int](), itertools.count(1)

    def hold(_: Connection) -> None:
        if threading.get_ident() in thread and next(commits) == commit:
            held.set()
            assert go_on.wait(60)

    def run() -> Any:
        thread.append(threading.get_ident())
        return first()

    def blocks() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(_BLOCKED).scalar())

    event.listen(engine, "commit", hold)
    try:
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(run)
            until(lambda: held.is_set() or one.done(), what="the first")
            assert not one.done(), "the first wrote nothing"
            other = pool.submit(second)
            until(lambda: other.done() or blocks(), what="the second")
            go_on.set()
            return one.result(60), other.result(60)
    finally:
        go_on.set()
        event.remove(engine, "commit", hold)
