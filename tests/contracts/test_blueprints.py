"""Every blueprint is on the app: one that nobody registered answers 404 without a word."""

from importlib import import_module
from pathlib import Path

from flask import Blueprint

from tests.contracts.sources import modules
from tests.sites import Site


def test_every_blueprint_is_registered(site: Site):
    registered = set(site.app.blueprints.values())
    count = 0
    for path, _ in modules():
        if path.startswith("portal/web/") and not path.endswith("__init__.py"):
            name = Path(path).with_suffix("").as_posix().replace("/", ".")
            for one in vars(import_module(name)).values():
                if isinstance(one, Blueprint):
                    count += 1
                    assert one in registered, f"{one.name} of {path}"
    assert count > 15
