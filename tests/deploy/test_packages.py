"""How `make install` tells how far it is."""

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy import packages

pytestmark = pytest.mark.unit
SAID = """\
Looking in links: somewhere
Requirement already satisfied: alembic==1.0 in here
Collecting flask==3.0
WARNING: what others have to say
Installing collected packages: flask, jinja2
"""


class Pip(SimpleNamespace):
    """What ends with a code, after it has said something."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.returncode = self.code


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def lock(tmp_path: Path) -> str:
    path = tmp_path / "some.lock"
    path.write_text("alembic==1.0 --hash=sha256:a\nflask==3.0 --hash=sha256:b\n")
    return str(path)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    made = Pip(stdout=io.StringIO(SAID), code=0, returncode=None)

    def start(command, **_):
        made.command = command
        return made

    monkeypatch.setattr(packages.subprocess, "Popen", start)
    monkeypatch.setattr(packages, "_QUICK", -1)
    return made


def test_a_terminal_sees_how_far_it_is(pip: Pip, lock: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", shown := Terminal())
    assert packages.main("Packages", ["--require-hashes", "-r", lock]) == 0
    assert shown.getvalue().split("\r\033[K")[1:] == [
        "Packages …",
        "Packages: 1 of 2, alembic",
        "Packages: 2 of 2, flask",
        "Packages: putting 2 in place …",
        "Packages: done\n",
    ]
    assert pip.command[-3:] == ["--require-hashes", "-r", lock]
    assert pip.command[3:7] == ["pip", "--python", ".venv/bin/python", "install"]


def test_elsewhere_there_is_one_line_and_nothing_of_others(pip: Pip, lock: str, capsys):
    assert packages.main("Packages", ["-r", lock]) == 0
    assert capsys.readouterr() == (f"Packages: done{os.linesep}", "")


def test_what_failed_is_told_in_full(pip: Pip, lock: str, capsys):
    pip.code = 1
    assert packages.main("Packages", ["-r", lock]) == 1
    assert capsys.readouterr() == ("Packages: failed\n", SAID)
