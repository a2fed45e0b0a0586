"""Waiting for what another process does, and for programs that a machine may lack."""

import os
import shutil
import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], Any], *, seconds: float = 60, what: str = "it") -> Any:
    """Poll a real process until the condition holds; fails loudly after `seconds`.

    The end is generous: a machine that is busy with something else fails no test.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def needed(name: str) -> bool:
    """Whether a program must be there: CI names those it has installed."""
    return name in os.environ.get("PORTAL_TESTS_NEED", "").split(",")


def has(program: str) -> bool:
    return shutil.which(program) is not None
