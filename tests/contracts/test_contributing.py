"""What the pages for contributors name is in the tree, and the picture is what the imports say."""

import ast
import re
from pathlib import Path

import pytest

from docs import rooms

ROOT = Path(__file__).parents[2]
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md", *DECISIONS]
FOLDERS = ("portal", "tests", "templates", "static", "docs", "deploy", "bench")
# `portal/clock.py`, or `portal/clock.py: now` for what is defined in it.
REFERENCE = re.compile(
    rf"((?:(?:{'|'.join(FOLDERS)})/[^\s:]*|[\w.-]+\.(?:py|toml|md|lock|yaml)))(?:: (\S+))?"
)


def references(text: str) -> list[tuple[str, str | None]]:
    """The paths in code spans, each with the name that is given after it."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = []
    for span in re.findall(r"`([^`\n]+)`", prose):
        match = REFERENCE.fullmatch(span)
        assert match or not span.startswith(tuple(f"{one}/" for one in FOLDERS)), span
        if match:
            found.append((match[1], match[2]))
    return found


def defined(path: Path) -> set[str]:
    """What a module defines, members of classes as `Class.member`."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        names |= named(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{one}" for part in node.body for one in named(part)}
    return names


def named(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {one.id for one in targets if isinstance(one, ast.Name)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_and_every_name_in_it_is_there(page: Path):
    text = page.read_text()
    assert references(text) or page.name == "README.md"
    for reference, name in references(text):
        # Of `portal/web/api/<noun>.py` the folder must be there.
        known, placeholder, _ = reference.partition("<")
        path = ROOT / (known.rpartition("/")[0] if placeholder else known)
        assert path.exists(), reference
        if name is not None and path.suffix == ".py":
            assert name in defined(path), f"{reference}: {name}"
        elif name is not None:
            assert name in path.read_text(), f"{reference}: {name}"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_recipe_names_the_test_that_fails_when_a_step_is_forgotten():
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Recipes")[2]
    recipes = text.partition("\n## ")[0].split("\n### ")[1:]
    assert len(recipes) >= 7
    for recipe in recipes:
        assert any(path.startswith("tests/") for path, _ in references(recipe)), recipe[:40]


def test_the_index_of_decisions_has_each_and_each_has_its_parts():
    index = (ROOT / "docs/decisions/README.md").read_text()
    records = [path for path in DECISIONS if path.name != "README.md"]
    assert [path.name[:4] for path in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for path in records:
        lines = path.read_text().splitlines()
        assert f"]({path.name})" in index
        assert [line for line in lines if line.startswith("## ")] == [
            "## Context",
            "## Decision",
            "## Consequences",
        ]
        assert len(lines) <= 45


def test_the_picture_and_the_table_of_rooms_are_what_the_imports_say():
    """`make docs` writes both."""
    found = rooms.read()
    assert rooms.PICTURE.read_text() == rooms.picture(found)
    page = rooms.PAGE.read_text()
    assert rooms.table(found) in page
    assert page == rooms.page(page, found)


def test_every_make_target_it_names_is_in_the_makefile():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named_targets = set(re.findall(r"`make ([a-z]+)", text)) | set(
        re.findall(r"^make ([a-z]+)", text, re.MULTILINE)
    )
    assert len(named_targets) > 8
    assert named_targets <= targets
