"""What the log says when the monitors' thread cannot write."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from structlog.testing import capture_logs

from portal.store.lease import LeaseLostError
from portal.worker import monitoring
from tests.sites import Site

LOST = {"event": "worker.lease_lost", "lease": "monitors", "log_level": "warning"}
AWAY = {"event": "worker.database_unreachable", "error": "OperationalError", "log_level": "warning"}
ERRORS = pytest.mark.parametrize(
    ("error", "said"),
    [(LeaseLostError("taken over"), LOST), (OperationalError("", {}, Exception()), AWAY)],
    ids=["lease", "database"],
)


@ERRORS
def test_the_thread_says_why_it_begins_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: SQLAlchemyError, said: dict[str, str]
):
    stop = threading.Event()

    def fail(_: object) -> bool:
        stop.set()
        raise error

    monkeypatch.setattr(monitoring.Monitoring, "has_monitors", fail)
    with capture_logs() as logs:
        monitoring.run(site.portal, "a", stop)
    assert logs == [said]


@pytest.mark.unit
@ERRORS
def test_figures_that_cannot_be_written_say_why(error: SQLAlchemyError, said: dict[str, str]):
    async def beside(act: Callable[[], None]) -> None:
        raise error

    async def run(made: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        task = monitoring._RollupTask(made)
        task.begin(SimpleNamespace(run=print))  # type: ignore[arg-type]
        await task.end()

    with capture_logs() as logs:
        asyncio.run(run(beside))
    assert logs == [said]
