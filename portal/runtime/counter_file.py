"""The file in which a process shares its counters, with every byte of it allocated.

prometheus_client makes the file by setting its length and maps it. On a full disk such a file has
no blocks behind it, and the first count into it ends the process with SIGBUS. Here the blocks are
written first; where there is no room the counters of this process are kept in memory, unshared,
until it starts again.
"""

import mmap
import os
from typing import BinaryIO

import structlog
from prometheus_client.mmap_dict import _INITIAL_MMAP_SIZE, MmapedDict

_log = structlog.get_logger()


class CounterFile(MmapedDict):
    """Stands in for the library's class in `prometheus_client.values`."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            filename = _allocated(filename)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        # Twice what the entry can take, so that the library itself never has to grow the file.
        while self._used + 2 * len(key.encode()) + 64 > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self) -> None:
        data = bytes(self._m)
        try:
            self._f.seek(0, os.SEEK_END)
            self._f.write(bytes(len(data)))
            self._f.flush()
        except OSError as error:
            _log.warning("counters.not_shared", error=error.strerror)
            self._f = _in_memory(data + bytes(len(data)))
        self._capacity = 2 * len(data)
        self._m = mmap.mmap(self._f.fileno(), self._capacity)


def _allocated(filename: str) -> str:
    """`filename` with all its blocks, or the name of a file in memory."""
    try:
        with open(filename, "a+b", buffering=0) as file:
            if os.fstat(file.fileno()).st_size == 0 and file.write(bytes(_INITIAL_MMAP_SIZE)) < (
                _INITIAL_MMAP_SIZE
            ):
                file.truncate(0)
                raise OSError(28, "No space left on device")
    except OSError as error:
        _log.warning("counters.not_shared", error=error.strerror)
        return f"/proc/self/fd/{os.memfd_create('counters')}"
    return filename


def _in_memory(data: bytes) -> BinaryIO:
    file = open(os.memfd_create("counters"), "w+b", buffering=0)  # noqa: SIM115 (kept for good)
    file.write(data)
    return file
