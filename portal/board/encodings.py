"""Bodies in the encodings that a client takes: brotli or gzip."""

import gzip
from functools import lru_cache

import brotli

# What is smaller gains nothing; the first that a client takes is sent.
SMALLEST = 400
ORDER = ("br", "gzip")
# Of brotli: what takes a few milliseconds, and what takes thirty for a twentieth less.
QUICK, SMALL = 6, 10


@lru_cache(maxsize=512)
def best(accept: str) -> str:
    """The encoding to send by an `Accept-Encoding` (RFC 9110, 12.5.3); empty for none."""
    return next((one for one in ORDER if takes(accept, one)), "")


@lru_cache(maxsize=512)
def takes(accept: str, encoding: str) -> bool:
    """Whether a client that says this takes an encoding."""
    taken: dict[str, bool] = {}
    for part in accept.lower().split(","):
        name, _, weight = part.partition(";")
        taken[name.strip()] = _is_taken(weight)
    return taken.get(encoding, taken.get("*", False))


def _is_taken(weight: str) -> bool:
    name, _, value = weight.strip().partition("=")
    try:
        return name != "q" or float(value) > 0
    except ValueError:
        return False


def encode(encoding: str, body: bytes, quality: int = QUICK) -> bytes:
    """A body in one of the encodings, as small as a few milliseconds make it."""
    if encoding == "br":
        compressed: bytes = brotli.compress(body, quality=quality)
        return compressed
    return gzip.compress(body, 6, mtime=0)
