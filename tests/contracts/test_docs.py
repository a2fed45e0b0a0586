"""What the documents say is what the code does."""

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from docs import generate
from portal.runtime.series import TABLE
from tests.faults import table

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_the_table():
    assert generate.TARGET.read_text() == generate.text()


def test_the_page_of_faults_has_every_row_and_none_that_failed():
    text = (ROOT / "docs/faults.md").read_text()
    rows = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert rows == set(table.ROWS)
    assert "FAILED" not in text
    assert text.count("not yet: ") == len(table.WAITING)
    for number, (injected, seen, checked) in table.ROWS.items():
        assert f"| {number} | {injected} | {seen} | {checked} | " in text, number


def test_the_lock_names_no_address():
    for lock in ("requirements.lock", "requirements-dev.lock", "requirements-build.lock"):
        text = (ROOT / lock).read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index|--find-links", text)


def test_the_lock_pins_extras_where_something_asks_for_them():
    """Or the installer looks for the newest version of them, and refuses it for want of a hash."""
    text = (ROOT / "requirements.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", text, re.MULTILINE))
    assert len(locked) > 50
    for name in locked:
        try:
            wanted = metadata.distribution(name).requires or []
        except metadata.PackageNotFoundError:
            continue  # one for another system
        for line in map(Requirement, wanted):
            if line.extras and (line.marker is None or line.marker.evaluate({"extra": ""})):
                pinned = re.search(rf"^{line.name}\[([a-z,]+)\]==", text, re.MULTILINE)
                assert pinned, line
                assert line.extras <= set(pinned.group(1).split(",")), line


def test_the_runbook_page_names_series_that_exist():
    text = (ROOT / "templates/panel/runbook.html").read_text()
    for name in set(re.findall(r"gigvora_([a-z_]+)", text)) - {"database_pool_"}:
        assert name.removesuffix("_total") in TABLE, name
