"""The portal's own source as syntax trees."""

import ast
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module as (path in the repository, tree)."""
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text()))
        for path in sorted((ROOT / "portal").rglob("*.py"))
    )


def path_of(module: ModuleType) -> str:
    """A module's path in the repository."""
    return str(Path(str(module.__file__)).relative_to(ROOT))
