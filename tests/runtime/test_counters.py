"""Shared counters: what a starting process has not written yet does no harm."""

import subprocess
import sys
from pathlib import Path

import pytest

from portal.runtime.counters import shared_families

COUNT = """
import os, sys
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from portal.runtime.counters import Counters
counters = Counters("gigvora_")
for _ in range(int(sys.argv[2])):
    counters.allowed.inc()
os._exit(9)
"""


@pytest.mark.process
def test_dead_processes_add_up_beside_one_that_just_starts(tmp_path: Path):
    for count in ("3", "4"):
        subprocess.run([sys.executable, "-c", COUNT, str(tmp_path), count], check=False)
    (tmp_path / "counter_99999.db").touch()
    found = {family.name: family for family in shared_families(tmp_path)}
    assert [one.value for one in found["gigvora_rate_limit_allowed"].samples] == [7]
