"""`make mutants`: which small changes of meaning the tests of their room notice."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from mutants import changes
from mutants.changes import Change
from mutants.trial import Trials, Verdict, is_of_function

LEAST = 0.9
ROOMS = {
    "status": ["portal/status/**/*.py"],
    "board": ["portal/board/**/*.py"],
    "guard": ["portal/guard/**/*.py"],
    "notify": ["portal/notify/**/*.py"],
    "audit": ["portal/audit/**/*.py"],
    # Of these rooms the rules alone; what reads files, sockets and processes is tried by journeys.
    "runtime": [
        f"portal/runtime/{name}.py"
        for name in (
            "acknowledgements",
            "alertmanager",
            "alerts",
            "episode",
            "episodes",
            "foreign_alerts",
            "offers",
            "recoveries",
            "samples",
            "workers",
        )
    ],
    "accounts": ["portal/accounts/throttle.py"],
    "lifecycle": ["portal/lifecycle/drain.py", "portal/lifecycle/watch.py"],
    "monitors": [
        f"portal/monitors/{name}.py"
        for name in (
            "charts",
            "conclusions",
            "figures",
            "heartbeats",
            "judging",
            "lookers",
            "schedule",
            "targets",
            "uptime",
            "kinds/answers",
        )
    ],
}
HARMLESS = "mutants/harmless.toml"
_LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", ".build", "instance", "artefacts", "__pycache__", ".*_cache", ".hypothesis"
)


@dataclass(frozen=True)
class Harmless:
    """A change that changes nothing, by the text of its line, and why."""

    file: str
    was: str
    now: str
    why: str


def main() -> int:
    """0 when nine of ten were noticed, 1 when fewer were, 2 when nothing could be tried."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--room", action="append", choices=ROOMS, help="this one alone; repeatable")
    parser.add_argument("--of", type=int, default=4, help="try one of so many, from each file")
    parser.add_argument("--seed", type=int, default=1, help="which ones these are")
    arguments = parser.parse_args()
    # A writer of its own: while tests run, standard output is theirs.
    console = Console(file=os.fdopen(os.dup(1), "w"), soft_wrap=True)
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        root = Path(name).resolve() / "tree"
        shutil.copytree(here, root, ignore=_LEFT_BEHIND)
        os.chdir(root)
        sys.path.insert(0, str(root))
        try:
            rooms = arguments.room or list(ROOMS)
            every = [one for room in rooms for one in _changes(root, room)]
            listed = _listed(root)
            for one in _forgotten(listed, every, rooms):
                console.print(f"{HARMLESS}: no change any more: {one.file}  {one.was}")
            chosen = _sample(every, arguments.of, arguments.seed)
            return _report(console, root, rooms, chosen, listed)
        finally:
            os.chdir(here)


def _changes(root: Path, room: str) -> list[Change]:
    found = []
    for pattern in ROOMS[room]:
        for path in sorted(root.glob(pattern)):
            found += changes.of_file(root, str(path.relative_to(root)))
    # Tables and constants are made at import; the contracts hold them, not the tests of rules.
    return [one for one in found if is_of_function(one, root)]


def _sample(found: list[Change], of: int, seed: int) -> list[Change]:
    """One of so many from each file, the same ones for the same seed."""
    chosen = []
    for file in dict.fromkeys(one.file for one in found):
        those = [one for one in found if one.file == file]
        numbers = random.Random(f"{seed} {file}").sample(range(len(those)), -(-len(those) // of))
        chosen += [those[number] for number in sorted(numbers)]
    return chosen


def _listed(root: Path) -> list[Harmless]:
    with (root / HARMLESS).open("rb") as file:
        return [Harmless(**one) for one in tomllib.load(file)["change"]]


def _forgotten(listed: list[Harmless], every: list[Change], rooms: list[str]) -> list[Harmless]:
    known = {(one.file, one.was, one.now) for one in every}
    return [
        one
        for one in listed
        if one.file.split("/")[1] in rooms and (one.file, one.was, one.now) not in known
    ]


def _report(
    console: Console, root: Path, rooms: list[str], chosen: list[Change], listed: list[Harmless]
) -> int:
    harmless = {(one.file, one.was, one.now) for one in listed}
    tried = [one for one in chosen if (one.file, one.was, one.now) not in harmless]
    trials = Trials(root, tried, lambda file: f"tests/{file.split('/')[1]}/", console.print)
    pytest.main(
        [
            *(f"tests/{room}" for room in rooms),
            "-m",
            "not slow and not browser",
            "-p",
            "no:cacheprovider",
            f"--basetemp={root.parent / 'tests'}",
        ],
        plugins=[trials],
    )
    if trials.failures or set(trials.verdicts) != set(tried):
        console.print("Nothing was tried; unchanged, these fail already:")
        for name in trials.failures:
            console.print(name, markup=False, highlight=False)
        return 2
    missed = [one for one in tried if trials.verdicts[one] is Verdict.UNNOTICED]
    console.print(_table(rooms, trials.verdicts, [one for one in chosen if one not in tried]))
    for one in missed:
        console.print(f"{one.place}  {one.was}  ->  {one.now}", markup=False, highlight=False)
    return 0 if len(tried) - len(missed) >= LEAST * len(tried) else 1


def _table(rooms: list[str], verdicts: dict[Change, Verdict], same: list[Change]) -> Table:
    table = Table("room", "tried", "noticed", "not noticed", "changes nothing", "share noticed")
    count = Counter((one.file.split("/")[1], verdict) for one, verdict in verdicts.items())
    equal = Counter(one.file.split("/")[1] for one in same)
    for name, those in (*((room, [room]) for room in rooms), ("all", rooms)):
        seen = sum(count[room, Verdict.NOTICED] for room in those)
        gone = sum(count[room, Verdict.UNNOTICED] for room in those)
        share = f"{seen / (seen + gone):.1%}" if seen + gone else ""
        table.add_row(
            name,
            str(seen + gone),
            str(seen),
            str(gone),
            str(sum(equal[room] for room in those)),
            share,
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
