"""What the kernel tells of folders: that something in one was written, made, moved or removed.

inotify(7), which Linux alone has. It tells nothing of what other machines write into a folder that
they share, nor of folders below.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

_MODIFY, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
_MASK = _MODIFY | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
# Of an event, before its name: watch, mask, cookie, and the bytes of the name.
_HEAD = struct.Struct("iIII")
_MOST_BYTES = 64 * 1024


class FolderEvents:
    """Events of folders, from when this is made; `descriptor` is readable while there are some.

    None where the kernel tells of none: on another system, or with no watch to be had.
    """

    def __init__(self, *folders: Path) -> None:
        self.descriptor = _watched(folders)

    def take(self) -> set[str]:
        """The names of the files that events have come for since the last time."""
        names: set[str] = set()
        while self.descriptor is not None:
            try:
                found = os.read(self.descriptor, _MOST_BYTES)
            except BlockingIOError:
                break
            at = 0
            while at < len(found):
                *_, length = _HEAD.unpack_from(found, at)
                at += _HEAD.size + length
                names.add(os.fsdecode(found[at - length : at].rstrip(b"\0")))
        return names

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
        self.descriptor = None


def _watched(folders: Iterable[Path]) -> int | None:
    with suppress(AttributeError):
        library = ctypes.CDLL(None)
        descriptor = int(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if descriptor >= 0:
            watch = partial(library.inotify_add_watch, descriptor)
            if all(watch(os.fsencode(one), _MASK) >= 0 for one in folders):
                return descriptor
            os.close(descriptor)
    return None
