"""How much of portal/ the tests run, by branch: `python -m pytest -p tests.measured`.

SlipCover rewrites the modules as they are imported; a tracer took a quarter of the suite's time
on Python 3.11. What runs in processes of its own is not measured. As a program, this lists where
the last run lacks.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import slipcover

SOURCE = "portal"
# Tests compare what migrations make; nobody calls them line by line.
OMIT = ["portal/store/migrations/*"]
REPORT = Path(".build/coverage.json")
# Taking the rewriting back once a line has run costs more than it saves here.
NEVER = -1


class Measured:
    """A process that runs tests, and tells what they ran."""

    def __init__(self) -> None:
        self._seen = slipcover.Slipcover(branch=True, d_miss_threshold=NEVER)
        matcher = slipcover.FileMatcher(sources=[SOURCE], omit=OMIT)
        slipcover.ImportManager(self._seen, matcher).__enter__()

    @pytest.hookimpl(tryfirst=True)  # before xdist sends the output
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        seen = self._seen.get_coverage()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["measured"] = json.dumps(seen)
        else:
            session.config.stash[_measured].append(seen)


_measured = pytest.StashKey[list[dict[str, Any]]]()


@pytest.hookimpl(tryfirst=True)  # conftest.py imports what is measured
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    early_config.stash[_measured] = []
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if is_worker or not early_config.known_args_namespace.numprocesses:
        early_config.pluginmanager.register(Measured())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output = getattr(node, "workeroutput", {})  # a worker that crashed has none
    if "measured" in output:
        node.config.stash[_measured].append(json.loads(output["measured"]))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    parts = config.stash[_measured]
    if not parts:
        return
    # Also what no test imports counts.
    whole = slipcover.Slipcover(branch=True, source=[SOURCE], omit=OMIT).get_coverage()
    for part in parts:
        slipcover.merge_coverage(whole, part)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(whole))
    total = whole["summary"]["percent_covered"]
    terminalreporter.write_line(
        f"Coverage of portal/ by branch: {total:.1f} %. "
        "Where it lacks: .venv/bin/python -m tests.measured"
    )


if __name__ == "__main__":
    slipcover.print_coverage(json.loads(REPORT.read_text()), skip_covered=True)
