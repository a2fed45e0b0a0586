"""What a wheel needs beside the package: files of others for the browser, templates and static.

The files are taken out of Python packages and checked. A hook of hatchling, and `make` calls it for
a checkout. It runs before anything is installed, so it imports nothing of the portal.
"""

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "static/vendor"


class File(NamedTuple):
    """A file of a package, by its name here."""

    name: str
    package: str
    path: str
    sha256: str


FILES = (
    File(
        "htmx.min.js",
        "django_htmx",
        "static/django_htmx/htmx-2.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
    File(
        "swagger-ui-bundle.js",
        "flask_openapi3_swagger",
        "templates/swagger/js/swagger-ui-bundle.js",
        "93b7b0862a80e2786f85b560be7693c2344354ffa7e7e224f850a54349724c31",
    ),
    File(
        "swagger-ui.css",
        "flask_openapi3_swagger",
        "templates/swagger/css/swagger-ui.css",
        "9e576f8322132c76949da47f9bb53c891373c303ea3a761ff548ffc9de50a98c",
    ),
)


class Whole(BuildHookInterface[Any]):
    """Puts into the wheel what stands beside the package in a checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        put_all()
        # An editable install finds them in the checkout.
        if version == "standard":
            for name in ("static", "templates", "translations"):
                build_data["force_include"][str(ROOT / name)] = f"portal/{name}"


def put_all() -> None:
    """Copy the files to where pages expect them; nothing else of their packages is used."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        target = VENDOR / file.name
        if is_right(target, file):
            continue
        found = find_spec(file.package)
        if found is None or found.origin is None:
            raise RuntimeError(f"{file.package}, which carries {file.name}, is not there")
        source = Path(found.origin).parent / file.path
        if not is_right(source, file):
            raise RuntimeError(f"{source} is not the one that the portal was tried with")
        target.write_bytes(source.read_bytes())


def is_right(path: Path, file: File) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256


if __name__ == "__main__":
    try:
        put_all()
    except RuntimeError as error:
        sys.exit(str(error))
