"""What a wheel needs beside the package: htmx, from the wheel of django-htmx, templates and static.

A hook of hatchling, and `make` calls it for a checkout. It runs before anything is installed, so it
imports nothing of the portal.
"""

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[1]
HTMX = ROOT / "static/vendor/htmx.min.js"
SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"


class Whole(BuildHookInterface[Any]):
    """Puts into the wheel what stands beside the package in a checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        put_htmx()
        # An editable install finds them in the checkout.
        if version == "standard":
            for name in ("static", "templates"):
                build_data["force_include"][str(ROOT / name)] = f"portal/{name}"


def put_htmx() -> None:
    """Copy htmx to where pages expect it; only that one file of django-htmx is used."""
    if is_htmx(HTMX):
        return
    found = find_spec("django_htmx")
    if found is None or found.origin is None:
        raise RuntimeError("django-htmx, which carries htmx, is not there to build with")
    source = Path(found.origin).parent / "static/django_htmx/htmx-2.min.js"
    if not is_htmx(source):
        raise RuntimeError(f"{source} is not the htmx that the portal was tried with")
    HTMX.parent.mkdir(parents=True, exist_ok=True)
    HTMX.write_bytes(source.read_bytes())


def is_htmx(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


if __name__ == "__main__":
    try:
        put_htmx()
    except RuntimeError as error:
        sys.exit(str(error))
