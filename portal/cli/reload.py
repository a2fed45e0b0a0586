"""`portal serve --reload`: begins anew when code, templates, styles or rules change."""

import threading
from collections.abc import Callable
from pathlib import Path

import portal
from portal import ROOT
from portal.cli import application

FOLDERS = (Path(portal.__file__).parent, ROOT / "templates", ROOT / "static")
ENDINGS = (".py", ".html", ".txt", ".conf", ".css", ".js")


def watch(on_change: Callable[[], None]) -> None:
    """Call `on_change` after every change below `FOLDERS`, from a thread of its own."""
    try:
        import watchfiles
    except ImportError:
        application.stop("--reload needs the package watchfiles; `make develop` installs it.")

    def look() -> None:
        for _ in watchfiles.watch(*FOLDERS, watch_filter=lambda _, path: path.endswith(ENDINGS)):
            on_change()

    threading.Thread(target=look, daemon=True, name="reload").start()
