"""Two processes of a node."""

from pathlib import Path

import pytest

from tests.clocks import StandingClock
from tests.runtime.shares import Process


@pytest.fixture
def own(tmp_path: Path, still: StandingClock) -> Process:
    return Process(tmp_path, 1)


@pytest.fixture
def other(own: Process) -> Process:
    return Process(own.folder, 2)
