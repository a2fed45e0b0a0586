"""Every setting does something: one that nobody reads is refused here."""

import ast
from dataclasses import fields

from portal.settings import Settings
from tests.contracts.sources import modules


def test_every_setting_is_read_somewhere():
    read = {
        node.attr
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    for setting in fields(Settings):
        assert setting.name in read, f"{setting.name} is read nowhere"
