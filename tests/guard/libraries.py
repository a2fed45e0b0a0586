"""The two libmodsecurity that there can be, each by itself, and what they keep of memory."""

import ctypes
import resource
from unittest.mock import patch

import pytest

from portal.guard import waf
from portal.guard.waf import loading
from portal.guard.waf.library import Library
from tests.patience import needed

ORIGINS = ("the system's", "the wheel's")


class _Allocations(ctypes.Structure):
    """mallinfo2 of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks"),
            *("uordblks", "fordblks", "keepcost"),
        )
    ]


# glibc counts what it has given out to the byte, so that few rounds tell; elsewhere only the most
# that the process ever took is known.
_count = getattr(ctypes.CDLL(None), "mallinfo2", None)
ROUNDS = 500 if _count else 8_000
if _count:
    _count.restype = _Allocations


def allocated() -> int:
    """Bytes that are given out to C, or have been."""
    if _count is None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    now = _count()
    return int(now.uordblks + now.hblkhd)


def place(origin: str) -> str:
    """The file of one of them; skips the test where it is not there."""
    for file, whose in loading.places():
        if whose == origin:
            try:
                loading._opened(file, origin)
            except waf.WafError:
                break
            return file
    # The wheel is not for every machine.
    if origin == ORIGINS[0] and needed("libmodsecurity"):
        raise AssertionError(f"{origin} libmodsecurity is not there")
    pytest.skip(f"{origin} libmodsecurity is not there")


def library(origin: str) -> Library:
    return loading._opened(place(origin), origin)


def engine(origin: str) -> waf.Engine:
    """Our rules in one of the two."""
    file = place(origin)
    with patch.object(loading, "places", lambda: iter([(file, origin)])):
        made = waf.load("modsecurity")
    assert origin in made.library
    return made
