"""Names that lead inward, and name servers that say nothing."""

import asyncio

import pytest

from portal.monitors.health import Outcome
from portal.monitors.monitor import Kind
from portal.monitors.targets import Targets
from tests.monitors.kinds.looks import OK, look
from tests.monitors.servers import saying, serving

pytestmark = pytest.mark.process


def test_a_name_that_leads_inward_is_not_called():
    with serving(saying(OK)) as port:
        found = look(Kind.HTTP, url=f"http://localhost:{port}/", targets=Targets())
    assert found.outcome is Outcome.UNKNOWN
    assert "is not allowed" in found.detail
    assert found.ms is None


def test_a_name_server_that_says_nothing_is_not_the_targets_fault(monkeypatch: pytest.MonkeyPatch):
    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", wait)
    found = look(Kind.HTTP, url="http://h.example/", timeout_seconds=1)
    assert (found.outcome, found.detail) == (Outcome.UNKNOWN, "No name within 1 s")
    assert found.ms is None
