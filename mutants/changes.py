"""The changes: where in a file what can be turned into what."""

import ast
import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

# A bound moved by one, a comparison turned round, and what stands between two values exchanged.
_CORE = (
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Lt_LtE",
            "LtE_Lt",
            "Gt_GtE",
            "GtE_Gt",
            "Lt_GtE",
            "LtE_Gt",
            "Gt_LtE",
            "GtE_Lt",
            "Eq_NotEq",
            "NotEq_Eq",
            "Is_IsNot",
            "IsNot_Is",
        )
    ),
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            "Add_Sub",
            "Sub_Add",
            "Mul_Div",
            "Div_Mul",
            "FloorDiv_Mul",
            "Mod_Mul",
            "BitAnd_BitOr",
        )
    ),
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
)
# Each of these says no more of a whole condition than that it is always true, or always false.
_TURNED = {
    "ReplaceUnaryOperator_Delete_Not",
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Lt_GtE",
            "LtE_Gt",
            "Gt_LtE",
            "GtE_Lt",
            "Eq_NotEq",
            "NotEq_Eq",
            "Is_IsNot",
            "IsNot_Is",
        )
    ),
}
# Cosmic Ray takes the star of `def f(*, now)` for a multiplication.
_ARITHMETIC = {"arith_expr", "term", "expr", "and_expr", "power"}


class _Condition(Operator):
    """Settles the condition of an if, a while, an if-else or a filter.

    It is evaluated still, and in no way that the compiler sees through: so the code of a change has
    the same parts as before.
    """

    form: str

    @staticmethod
    def places(node: Any) -> list[int]:
        """Where among the node's parts its conditions are."""
        if node.type == "if_stmt":
            words = [getattr(one, "value", "") for one in node.children]
            return [number + 1 for number, word in enumerate(words) if word in {"if", "elif"}]
        if node.type in {"while_stmt", "comp_if"}:
            return [1]
        return [2] if node.type in {"ternary", "test"} else []

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        for place in self.places(node):
            condition = node.children[place]
            yield condition.start_pos, condition.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        place = self.places(node)[index]
        condition = node.children[place].get_code().strip()
        node.children[place] = parso.parse(f" {self.form.format(condition)}")
        return node

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        return ()


class _AlwaysTrue(_Condition):
    form = "(({}), True)[1]"


class _AlwaysFalse(_Condition):
    form = "(({}), False)[1]"


@dataclass(frozen=True)
class Change:
    """One change: `was` and `now` are the changed lines, `lines` those of its statement."""

    file: str
    line: int
    was: str
    now: str
    lines: frozenset[int]
    source: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def of_file(root: Path, file: str) -> list[Change]:
    """All changes of a file, in the order of its lines; each text of a line comes once."""
    before = (root / file).read_text(encoding="utf-8")
    tree, statements = get_ast(before), _statements(before)
    found: dict[tuple[int, str], Change] = {}
    for node in list(ast_nodes(tree)):
        for operator in _OPERATORS:
            for index, (start, _) in enumerate(operator.mutation_positions(node)):
                if not _is_meant(operator, node):
                    continue
                with _restored(node):
                    operator.mutate(node, index)
                    after = tree.get_code()
                was, now = _difference(before, after)
                line = start[0]
                lines = statements.get(line, frozenset({line}))
                found.setdefault((line, now), Change(file, line, was, now, lines, after))
    return sorted(found.values(), key=lambda one: (one.line, one.now))


_OPERATORS = [*(get_operator(f"core/{name}")() for name in _CORE), _AlwaysTrue(), _AlwaysFalse()]


def _is_meant(operator: Operator, node: Any) -> bool:
    """Not the star of parameters, nor what settling the whole condition says as well."""
    name = type(operator).__name__
    if name.startswith("ReplaceBinaryOperator"):
        return node.parent.type in _ARITHMETIC
    above = node.parent
    is_condition = above is not None and (above.children.index(node) in _Condition.places(above))
    return not (is_condition and name in _TURNED)


@contextmanager
def _restored(node: Any) -> Iterator[None]:
    """Puts a node back as it was, which is quicker than parsing the file again."""
    children = list(getattr(node, "children", []))
    values = [(one, one.value) for one in (node, *children) if hasattr(one, "value")]
    yield
    if children:
        node.children[:] = children
    for one, value in values:
        one.value = value


def _difference(before: str, after: str) -> tuple[str, str]:
    """The changed lines, without their indents."""
    pairs = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for kind, old, old_end, new, new_end in pairs.get_opcodes():
        if kind != "equal":
            was = " ".join(line.strip() for line in before.splitlines()[old:old_end])
            now = " ".join(line.strip() for line in after.splitlines()[new:new_end])
            return was, now
    return "", ""


def _statements(source: str) -> dict[int, frozenset[int]]:
    """The lines of the innermost statement of each line; of a block only those of its head."""
    found: dict[int, frozenset[int]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno
            lines = frozenset(range(node.lineno, max(node.lineno, end or 0) + 1))
            for line in lines:
                if line not in found or len(lines) < len(found[line]):
                    found[line] = lines
    return found
