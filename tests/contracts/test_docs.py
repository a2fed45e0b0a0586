"""What the documents say is what the code does."""

import importlib
import re
from pathlib import Path

from docs import generate
from portal.runtime.counters import TABLE
from tests.faults.rows import ROWS, WAITING

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_the_table():
    assert generate.TARGET.read_text() == generate.text()


def test_the_page_of_faults_has_every_row_and_none_that_failed():
    text = (ROOT / "docs/faults.md").read_text()
    rows = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert rows == set(ROWS)
    assert "FAILED" not in text
    assert text.count("not yet: ") == len(WAITING)
    for number, (injected, seen, checked) in ROWS.items():
        assert f"| {number} | {injected} | {seen} | {checked} | " in text, number


def test_the_runbook_page_names_series_that_exist():
    text = (ROOT / "templates/panel/runbook.html").read_text()
    for name in set(re.findall(r"gigvora_([a-z_]+)", text)) - {"database_pool_"}:
        assert name.removesuffix("_total") in TABLE, name


def test_the_tool_that_takes_the_pictures_can_be_loaded():
    assert importlib.import_module("docs.screenshots").TARGET.is_dir()
