"""What `flask db migrate` compares is whole: the migrations import every module with a table."""

import ast
import re
from pathlib import Path

from tests.contracts.sources import ROOT, modules

ENVIRONMENT = "portal/store/migrations/env.py"


def test_the_migrations_know_every_module_that_holds_a_table():
    with_tables = {
        Path(path).with_suffix("").as_posix().removeprefix("portal/").replace("/", ".")
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(one, ast.Name) and one.id == "__tablename__" for one in node.targets)
    }
    listed = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', (ROOT / ENVIRONMENT).read_text()))
    assert with_tables == listed
