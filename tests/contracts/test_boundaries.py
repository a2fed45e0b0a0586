"""What import-linter cannot say: who reads the wall clock, and who may know Flask."""

import ast
from collections.abc import Iterator

from tests.contracts.sources import modules

# Beside the faces: the assembly and the library objects, the limits, and Alembic's environment.
MAY_KNOW_FLASK = {
    "portal/__init__.py",
    "portal/extensions.py",
    "portal/guard/limiter.py",
    "portal/guard/limits.py",
}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_flask_is_known_to_the_faces_and_the_assembly_only():
    for path, tree in modules():
        if path.startswith(("portal/web/", "portal/cli/")) or path in MAY_KNOW_FLASK:
            continue
        found = {name for name in imported(tree) if name.startswith(("flask", "apiflask"))}
        assert not found, path


def test_the_wall_clock_is_read_in_one_place():
    for path, tree in modules():
        read = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        if path != "portal/clock.py":
            assert not read & CLOCKS, path
