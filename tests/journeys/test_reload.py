"""`portal serve --reload` shows what was changed, in a copy of the tree."""

import re
import shutil
from pathlib import Path

import pytest

from tests.patience import until
from tests.processes import ROOT, Served

pytestmark = pytest.mark.process


def copy_tree(target: Path) -> Path:
    for name in ("portal", "templates", "static"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def test_a_changed_template_and_changed_code_are_served(tmp_path: Path):
    tree = copy_tree(tmp_path / "tree")
    options = ("--reload", "--no-worker")
    with Served(tmp_path / "data", *options, by_shell=True, cwd=tree) as served:
        page, code = tree / "templates/public/page.html", tree / "portal/__init__.py"
        page.write_text(page.read_text().replace("<main", "<main data-edition='second'", 1))
        until(lambda: "data-edition='second'" in served.get("/").text, what="the new template")
        code.write_text(code.read_text().replace('VERSION = "', 'VERSION = "9.', 1))
        until(
            lambda: '"version":"9.' in served.get("/api/openapi.json").text.replace(" ", ""),
            what="the new code",
        )
        style = tree / "static/css/base.css"
        style.write_text(f"{style.read_text()}\n/* another */")

        def is_there() -> bool:
            named = re.search(r"/static/css/site\.[0-9a-f]+\.css", served.get("/").text)
            return named is not None and "/* another */" in served.get(named[0]).text

        until(is_there, what="the new style under its new name")


def test_reloading_is_for_development(tmp_path: Path):
    served = Served(tmp_path / "data", PORTAL_ENV="production", PORTAL_SECRET_KEY="k" * 50)
    served.environ["PORTAL_EXTERNAL_URL"] = "https://status.example.com"
    served.run("serve", "--reload", code=2)
