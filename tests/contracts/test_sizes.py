"""Files are short enough to be read at once: by half of them, and by each that gives no reason."""

import ast
from statistics import median

from tests.contracts.sources import ROOT

MEDIAN, MOST = 90, 300
FOLDERS = ("portal", "tests", "bench", "deploy", "docs", "mutants")


def lines(*folders: str) -> dict[str, int]:
    """How long each Python file of the folders is, and of the top of the repository."""
    found = [*ROOT.glob("*.py"), *(path for one in folders for path in (ROOT / one).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in found}


def test_half_of_the_files_are_short():
    assert median(lines("portal").values()) <= MEDIAN
    assert median(lines(*FOLDERS).values()) <= MEDIAN


def test_a_long_file_says_why_it_is_one():
    long = {path for path, count in lines(*FOLDERS).items() if count > MOST}
    reasons = {path: ast.get_docstring(ast.parse((ROOT / path).read_text())) or "" for path in long}
    assert [path for path in long if "one file" not in reasons[path].lower()] == []
