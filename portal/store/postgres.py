"""Connections to PostgreSQL that do not wait for ever."""

from typing import Any

import psycopg

# Longer than the server may take for a statement, so that its own answer is the one that counts.
SILENCE_SECONDS = 3.0


class ImpatientConnection(psycopg.Connection[Any]):
    """Gives up a server that does not answer at all.

    The server's own timeouts stop a slow statement. They say nothing when the server hangs, or
    when the network swallows its answer; then libpq would wait until the system gives up, for
    minutes, and every thread with it.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, SILENCE_SECONDS if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            # What it would still answer belongs to nobody; a broken connection is not used again.
            self.pgconn.finish()
            raise psycopg.OperationalError("the database server does not answer") from error
