"""Files and folders of the portal are for its own user alone, whatever the umask.

What a process of the portal makes from now on is private. What is there already, made by an older
version or by hand, is tightened at the start.
"""

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from portal.settings import Settings

_log = structlog.get_logger()
_PRIVATE = 0o700
# What the portal keeps in its data directory; anything else there is somebody else's.
_NAMES = (
    *("secret-key", "metrics-token", "oncall-token", "board.json*", "scraped", "serve.lock"),
    *("run", "spool", "audit"),
)
# Of a database of SQLite, with those that were put aside by a restoration.
_OF_DATABASE = ("", "-wal", "-shm", "-journal", ".upgrade", ".new", ".before-*")


def make_privately() -> None:
    """From now on this process, and those below it, make what only its user may read."""
    os.umask(0o077)


def tighten(settings: Settings) -> None:
    """Take the rights of others away from what is there already."""
    for path in _found(settings):
        try:
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                path.chmod(stat.S_IMODE(mode) & _PRIVATE)
                _log.info("files.tightened", path=str(path), mode=f"{stat.S_IMODE(mode):o}")
        except FileNotFoundError:
            continue
        except OSError as error:
            _log.warning("files.not_tightened", path=str(path), error=error.strerror)


def _found(settings: Settings) -> Iterator[Path]:
    if settings.data_dir.is_dir():
        yield settings.data_dir
    for name in _NAMES:
        for path in settings.data_dir.glob(name):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from path.rglob("*")
    url = make_url(settings.resolved_database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        # The folder may be another's, where the file was named by hand.
        file = Path(url.database)
        for suffix in _OF_DATABASE:
            yield from file.parent.glob(f"{glob.escape(file.name)}{suffix}")


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder, as it keeps what is in its files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
