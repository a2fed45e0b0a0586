"""The locks hold what pyproject.toml asks for, once, with hashes, and name no address."""

import re
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
TOLD = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = TOLD["project"]
RUNS_ON, ADDED = "requirements.lock", "requirements-dev.lock"
LOCKS = (RUNS_ON, ADDED, "requirements-build.lock")


@cache
def pinned(lock: str) -> dict[str, Requirement]:
    """The entries of a lock by name."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    found = [
        Requirement(line.split(" --hash")[0].strip()) for line in text.splitlines() if "==" in line
    ]
    return {canonicalize_name(one.name): one for one in found}


def asked(*lines: str) -> list[Requirement]:
    return [Requirement(line) for line in lines]


def needs(name: str, extras: set[str]) -> list[Requirement]:
    """What an installed package asks for on this system, with some of its extras."""
    try:
        lines = metadata.distribution(name).requires or []
    except metadata.PackageNotFoundError:
        return []  # one for another system
    return [
        one
        for one in asked(*lines)
        if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in {"", *extras})
    ]


def reached(first: list[Requirement]) -> set[str]:
    """Names of all that these come to."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(first)
    while waiting:
        one = waiting.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key not in seen:
            seen.add(key)
            waiting += needs(one.name, one.extras)
    return {name for name, _ in seen}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_has_a_hash_and_no_address(lock: str):
    text = (ROOT / lock).read_text()
    assert not re.search(r"https?://|--index|--find-links", text)
    assert len(pinned(lock)) == len(re.findall(r"^[a-z].*==", text, re.MULTILINE))
    for entry in text.replace("\\\n", " ").splitlines():
        assert "--hash=sha256:" in entry, entry


def test_what_the_portal_asks_for_is_in_its_lock():
    for one in asked(*PROJECT["dependencies"]):
        pin = pinned(RUNS_ON)[canonicalize_name(one.name)]
        assert one.specifier.contains(next(iter(pin.specifier)).version), one
        assert one.extras <= pin.extras, one


def test_what_testing_asks_for_is_in_one_of_both():
    for one in asked(*PROJECT["optional-dependencies"]["dev"]):
        pin = (pinned(RUNS_ON) | pinned(ADDED))[canonicalize_name(one.name)]
        assert one.specifier.contains(next(iter(pin.specifier)).version), one


def test_what_builds_the_portal_is_in_its_lock():
    for one in asked(*TOLD["build-system"]["requires"]):
        pin = pinned("requirements-build.lock")[canonicalize_name(one.name)]
        assert one.specifier.contains(next(iter(pin.specifier)).version), one


def test_nothing_is_in_both():
    assert not pinned(RUNS_ON).keys() & pinned(ADDED).keys()


def test_what_the_portal_runs_on_is_all_that_its_lock_holds():
    needed = reached(asked(*PROJECT["dependencies"]))
    here = {
        name for name, one in pinned(RUNS_ON).items() if one.marker is None or one.marker.evaluate()
    }
    assert here - needed == set()


def test_extras_are_pinned_where_something_asks_for_them():
    """Or the installer looks for the newest version of them, and refuses it for want of a hash."""
    both = pinned(RUNS_ON) | pinned(ADDED)
    for name in both:
        for one in needs(name, both[name].extras):
            if one.extras:
                assert one.extras <= both[canonicalize_name(one.name)].extras, one
