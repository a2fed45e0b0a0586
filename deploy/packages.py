"""`pip install` as `make` runs it: a line that says how far it is, and pip's words if it fails.

    python deploy/packages.py WHAT ARGUMENTS…

Runs by the pip of one environment for another, before anything is there, so it needs nothing.
"""

import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

_LATER = re.compile(r"Installing collected packages: (.*)")
_NAMED = re.compile(
    r"(?:Collecting|Obtaining|Requirement already satisfied:) (?:file://\S*/)?([A-Za-z0-9._-]+)"
)
_QUICK = 0.1
_INTO = ".venv/bin/python"
_QUIETLY = ("--disable-pip-version-check", "--progress-bar=off")


def main(what: str, arguments: list[str]) -> int:
    """The exit code is pip's."""
    total = sum(_pins(Path(name)) for name in _files(arguments))
    command = [sys.executable, "-P", "-m", "pip", "--python", _INTO]
    with subprocess.Popen(
        [*command, "install", *_QUIETLY, "--no-compile", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said, seen, shown = [], 0, 0.0
        _show(f"{what} …")
        for line in process.stdout:
            said.append(line)
            found = _NAMED.match(line)
            if found:
                seen += 1
                if time.monotonic() - shown > _QUICK:
                    shown = time.monotonic()
                    _show(f"{what}: {seen} of {max(total, seen)}, {found[1]}")
            elif later := _LATER.match(line):
                _show(f"{what}: putting {later[1].count(',') + 1} in place …")
    _show(f"{what}: {'done' if process.returncode == 0 else 'failed'}", is_last=True)
    if process.returncode:
        sys.stderr.writelines(said)
    return process.returncode


def _files(arguments: list[str]) -> list[str]:
    return [name for option, name in pairwise(arguments) if option == "-r"]


def _pins(lock: Path) -> int:
    return sum("==" in line for line in lock.read_text().splitlines())


def _show(text: str, *, is_last: bool = False) -> None:
    """On a terminal in place; elsewhere the last word only."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text[:100]}", end="\n" if is_last else "", flush=True)
    elif is_last:
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
