"""Files are short enough to be read at once: by half of them, and by each that gives no reason."""

import ast
from statistics import median

from tests.contracts.sources import ROOT, modules

MEDIAN, MOST = 90, 300


def lines(path: str) -> int:
    return len((ROOT / path).read_text().splitlines())


def test_half_of_the_files_are_short():
    assert median(lines(path) for path, _ in modules()) <= MEDIAN


def test_a_long_file_says_why_it_is_one():
    long = {path for path, _ in modules() if lines(path) > MOST}
    reasons = {path: ast.get_docstring(tree) or "" for path, tree in modules()}
    assert [path for path in long if "one file" not in reasons[path].lower()] == []
