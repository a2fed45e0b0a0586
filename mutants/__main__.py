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
    "status": "portal/status/*.py",
    "board": "portal/board/*.py",
    "guard": "portal/guard/*.py",
    "notify": "portal/notify/*.py",
    "audit": "portal/audit/*.py",
    "runtime": "portal/runtime/alerts.py",
    "accounts": "portal/accounts/throttle.py",
    "lifecycle": "portal/lifecycle/drain.py",
}
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
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--room", action="append", choices=ROOMS, help="this one alone; repeatable")
    parser.add_argument("--file", action="append", help="this file alone; repeatable")
    parser.add_argument("--of", type=int, default=1, help="try one of so many, of each file")
    parser.add_argument("--seed", type=int, default=1, help="which ones these are")
    arguments = parser.parse_args()
    console = Console(file=os.fdopen(os.dup(1), "w"), soft_wrap=True)
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        root = Path(name).resolve() / "tree"
        shutil.copytree(here, root, ignore=_LEFT_BEHIND)
        os.chdir(root)
        sys.path.insert(0, str(root))
        try:
            rooms = arguments.room or list(ROOMS)
            return _report(console, root, rooms, arguments.file, arguments.of, arguments.seed)
        finally:
            os.chdir(here)


def _report(
    console: Console, root: Path, rooms: list[str], files: list[str] | None, of: int, seed: int
) -> int:
    found: list[Change] = []
    for room in rooms:
        for path in sorted(root.glob(ROOMS[room])):
            file = str(path.relative_to(root))
            if not files or file in files:
                found += _sample(changes.of_file(root, file), of, f"{seed} {file}")
    # Tables and constants are made at import; the contracts hold them, not the tests of rules.
    found = [one for one in found if is_of_function(one, root)]
    harmless = _harmless(root)
    tried = [one for one in found if (one.file, one.was, one.now) not in harmless]
    trials = Trials(root, tried, lambda file: f"tests/{file.split('/')[1]}/", console.print)
    paths = [f"tests/{room}" for room in rooms if (root / "tests" / room).is_dir()]
    pytest.main(
        [
            *paths, "-m", "not slow and not browser", "-k", "not postgresql",
            "-p", "no:cacheprovider", f"--basetemp={root.parent / 'tests'}",
        ],
        plugins=[trials],
    )  # fmt: skip
    if trials.failures:
        console.print("Unchanged, these fail already:", *trials.failures, sep="\n")
        return 2
    missed = [one for one in tried if trials.verdicts[one] is Verdict.UNNOTICED]
    table = Table("room", "tried", "noticed", "not noticed", "changes nothing", "share noticed")
    count = Counter((one.file.split("/")[1], trials.verdicts[one]) for one in tried)
    same = Counter(one.file.split("/")[1] for one in found if one not in trials.verdicts)
    for room in [*rooms, "all"]:
        names = rooms if room == "all" else [room]
        seen = sum(count[name, Verdict.NOTICED] for name in names)
        gone = sum(count[name, Verdict.UNNOTICED] for name in names)
        table.add_row(
            room, str(seen + gone), str(seen), str(gone), str(sum(same[name] for name in names)),
            f"{seen / (seen + gone):.1%}" if seen + gone else "",
        )  # fmt: skip
    console.print(table)
    for one in missed:
        console.print(f"{one.place}  {one.was}  ->  {one.now}", markup=False, highlight=False)
    return 0 if len(tried) - len(missed) >= LEAST * len(tried) else 1


def _sample(found: list[Change], of: int, seed: str) -> list[Change]:
    if of == 1:
        return found
    chosen = random.Random(seed).sample(range(len(found)), -(-len(found) // of))
    return [found[number] for number in sorted(chosen)]


def _harmless(root: Path) -> dict[tuple[str, str, str], Harmless]:
    with (root / "mutants" / "harmless.toml").open("rb") as file:
        listed = [Harmless(**one) for one in tomllib.load(file).get("change", [])]
    return {(one.file, one.was, one.now): one for one in listed}


if __name__ == "__main__":
    sys.exit(main())
