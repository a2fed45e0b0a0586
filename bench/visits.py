"""A first visit of the public page, and how soon an act is seen by every poll of a node."""

import json
import re
import time
import urllib.request
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.processes import Served

ACTS = 10
# New connections one after the other; each may come to another process.
POLLS = 12
_LINKED = re.compile(r'<(?:link [^>]*rel="(?:stylesheet|icon)"|script)[^>]*>')
_ADDRESS = re.compile(r'(?:href|src)="(/[^"]*)"')


@dataclass(frozen=True)
class Visit:
    """What a browser with an empty cache asks for: requests, and bytes of bodies as sent."""

    requests: int
    size: int


def first(address: str) -> Visit:
    """Of the page, its styles, scripts and icon, in the smallest encoding."""
    page = _asked(address)
    text = _text(address)
    linked = {found for tag in _LINKED.findall(text) for found in _ADDRESS.findall(tag)}
    sizes = [page, *(_asked(address + one) for one in sorted(linked))]
    return Visit(len(sizes), sum(sizes))


def _asked(url: str) -> int:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "br, gzip"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return len(answer.read())


def _text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def seconds_to_every_poll(served: Served) -> float:
    """From the answer to an act until the last poll that does not show it; the median of ten."""
    token = served.run("token", "create", "bench", "--scope", "incidents:write").strip()
    return median(_seconds(served, token, number) for number in range(ACTS))


def _seconds(served: Served, token: str, number: int) -> float:
    given: dict[str, Any] = {
        "title": f"Trouble {number}",
        "impact": "minor",
        "status": "investigating",
        "message": "We look into it.",
    }
    request = urllib.request.Request(
        f"{served.address}/api/admin/runtime/incidents",
        json.dumps(given).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        reference = json.load(answer)["reference"]
    begun = time.monotonic()
    seen = begun
    polls = 0
    while polls < POLLS:
        if reference in _text(f"{served.address}/api/status"):
            polls += 1
        else:
            polls, seen = 0, time.monotonic()
    return seen - begun
