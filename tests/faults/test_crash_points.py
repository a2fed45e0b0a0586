"""Row, audit event and revision are there together or not at all, wherever the writer died."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import bare_environ
from tests.databases import fresh_database
from tests.processes import ROOT

pytestmark = pytest.mark.process


@pytest.mark.slow
@pytest.mark.fault(13)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_five_thousand_writers_die_at_random_moments(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
):
    environ = bare_environ()
    environ["PORTAL_DATA_DIR"] = str(tmp_path / "data")
    if kind == "postgresql":
        environ["PORTAL_DATABASE_URL"] = fresh_database(request.getfixturevalue("postgres"))
    for command in (["portal", "db", "upgrade"], ["tests.faults.crash_points", "5000"]):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=1000,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    print(found)
    assert found["deaths"] == 5000
    assert found["inside"] > 1000, "too few died while they wrote for this to show anything"
    assert found["rows"] > 100
    assert found["same"]
    assert found["rows"] == found["events"] == found["raised"]
    assert found["bad"] is None
    assert found["integrity"] == "ok"
