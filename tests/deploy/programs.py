"""The files of deploy/, and programs that read them."""

import subprocess
from pathlib import Path

import pytest

from tests.patience import has, needed
from tests.processes import ROOT

DEPLOY = ROOT / "deploy"


def run(*command: str, folder: Path = ROOT) -> str:
    if not has(command[0]):
        assert not needed(command[0]), f"{command[0]} must be there"
        pytest.skip(f"no {command[0]}")
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
