"""Templates are read like code: short lines, and nothing in them that nothing uses."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, nodes

from tests.contracts.sources import ROOT

FOLDER = ROOT / "templates"
LONGEST_LINE = 120


@cache
def templates() -> dict[str, nodes.Template]:
    """Every template's syntax tree by its name."""
    paths = sorted(path for path in FOLDER.rglob("*.*") if path.is_file())
    return {_name(path): Environment(autoescape=True).parse(path.read_text()) for path in paths}


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def test_every_line_fits_a_screen():
    long = [
        f"templates/{name}:{number}"
        for name in templates()
        for number, line in enumerate((FOLDER / name).read_text().splitlines(), 1)
        if len(line) > LONGEST_LINE
    ]
    assert not long


def test_every_macro_is_called():
    trees = templates().items()
    macros = {(name, macro.name) for name, tree in trees for macro in tree.find_all(nodes.Macro)}
    called = {found for name, tree in trees for found in _called(name, tree)}
    assert len(macros) > 30
    assert not macros - called


def test_everything_that_a_template_imports_is_used_in_it():
    for name, tree in templates().items():
        used = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
        imported = {node.target for node in tree.find_all(nodes.Import)}
        imported |= {alias for _, _, alias in _from_imports(tree)}
        assert imported <= used, f"templates/{name}: {imported - used}"


def test_every_block_that_is_filled_is_a_place_of_the_template_it_extends():
    for name, tree in templates().items():
        for parent in tree.find_all(nodes.Extends):
            filled = {block.name for block in tree.find_all(nodes.Block)}
            assert filled <= _blocks(str(parent.template.as_const())), f"templates/{name}"


def _blocks(name: str) -> set[str]:
    return {block.name for block in templates()[name].find_all(nodes.Block)}


def _from_imports(tree: nodes.Template) -> Iterator[tuple[str, str, str]]:
    """The template, the macro, and what it is called here."""
    for node in tree.find_all(nodes.FromImport):
        for name in node.names:
            macro, alias = name if isinstance(name, tuple) else (name, name)
            yield str(node.template.as_const()), macro, alias


def _called(name: str, tree: nodes.Template) -> Iterator[tuple[str, str]]:
    """The macros that a template calls, each with the template it stands in."""
    names = {alias: (source, macro) for source, macro, alias in _from_imports(tree)}
    folders = {node.target: str(node.template.as_const()) for node in tree.find_all(nodes.Import)}
    for call in tree.find_all(nodes.Call):
        match call.node:
            case nodes.Name(name=macro):
                yield names.get(macro, (name, macro))
            case nodes.Getattr(node=nodes.Name(name=alias), attr=macro) if alias in folders:
                yield folders[alias], macro
