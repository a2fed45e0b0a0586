"""A database server of the test's own, to be stopped and broken."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.servers import Postgres


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL of the test's own."""
    server = Postgres()
    yield server
    # A server that is down cannot be ended; it is brought up for that.
    with suppress(subprocess.CalledProcessError):
        server.start()
    server.end()
