"""The table of faults: what is injected, what users see, what is checked; and its page.

A test that injects one carries `@pytest.mark.fault(number)`; `make faults` runs them all and
writes `docs/faults.md` from what happened.
"""

from pathlib import Path

import pytest

from tests.faults.rows import ROWS, WAITING

PROPERTY = "fault"
_outcomes: dict[int, list[tuple[str, str]]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-table", type=Path, help="write the table of faults to this file")


def pytest_runtest_setup(item: pytest.Item) -> None:
    # What a report carries comes from xdist's workers to the process that writes the page.
    for mark in item.iter_markers("fault"):
        item.user_properties += [(PROPERTY, (number, item.originalname)) for number in mark.args]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        for name, value in report.user_properties:
            if name == PROPERTY:
                number, test = value
                _outcomes.setdefault(number, []).append((report.outcome, test))


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--faults-table")
    is_worker = hasattr(session.config, "workerinput")
    if path is not None and not is_worker and not session.config.option.collectonly:
        path.write_text(page(_outcomes), encoding="utf-8")


def page(outcomes: dict[int, list[tuple[str, str]]]) -> str:
    """The page of a run: each fault with what became of its tests."""
    lines = [
        "# Faults",
        "",
        "What is broken on purpose, with real processes, databases and signals, and what must hold"
        " meanwhile. Written by `make faults` from what happened.",
        "",
        "| | injected | users see | checked | result |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, (injected, seen, checked) in ROWS.items():
        if number in WAITING:
            result = f"not yet: {WAITING[number]}"
        else:
            found = outcomes.get(number, [])
            bad = sorted({name for outcome, name in found if outcome == "failed"})
            skipped = sorted({name for outcome, name in found if outcome == "skipped"})
            names = sorted({name for _, name in found})
            if not found:
                result = "not run"
            elif bad:
                result = "FAILED: " + ", ".join(f"`{name}`" for name in bad)
            elif len(skipped) == len(names):
                result = "skipped here: " + ", ".join(f"`{name}`" for name in skipped)
            else:
                result = "held: " + ", ".join(f"`{name}`" for name in names)
        lines.append(f"| {number} | {injected} | {seen} | {checked} | {result} |")
    return "\n".join(lines) + "\n"
