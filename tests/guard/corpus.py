"""Prose that people write, and attacks."""

from pathlib import Path
from urllib.parse import unquote

from portal.guard.waf import Inspected
from tests.guard.requests import asked

CORPORA = Path(__file__).parent / "corpora"


def prose() -> list[str]:
    lines = (CORPORA / "prose.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("⏎", "\n") for line in lines]


def attacks() -> list[tuple[str, Inspected]]:
    found = []
    for line in (CORPORA / "attacks.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        first, *pairs = line.split("\t")
        method, _, target = first.partition(" ")
        path, _, query = target.partition("?")
        headers = dict(pair.split(": ", 1) for pair in pairs)
        found.append((line.replace("\t", " "), asked(method, unquote(path), query, **headers)))
    return found
