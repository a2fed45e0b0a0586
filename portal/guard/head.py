"""The head of a request: what the chain reads of it, and how large it may be."""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from werkzeug.sansio.utils import host_is_trusted

from portal.board.answer import Header

Environ = dict[str, Any]
MOST_BODY_BYTES = 1024 * 1024
MOST_URL_BYTES = 8 * 1024
MOST_HEADER_BYTES = 32 * 1024
PROBES = frozenset(
    {"/health", "/health/live", "/health/ready", "/health/startup", "/health/metrics"}
)

# What browsers and robots look for at the root.
ROOT_FILES = frozenset(
    {
        "/favicon.ico",
        "/apple-touch-icon.png",
        "/robots.txt",
        "/site.webmanifest",
        "/.well-known/security.txt",
        "/embed/banner.js",
    }
)


@dataclass(slots=True)
class Head:
    """What the chain reads of a request; `peer` is the address of the connection.

    `header_bytes` is names and values together, 0 where the server has bounded them already;
    `header` gives the others by their lower-case names.
    """

    method: str
    path: str
    query: str
    peer: str
    forwarded_for: str | None
    length: str | None
    origin: str | None
    header_bytes: int
    header: Header


def route_of(method: str, path: str) -> str:
    """Routes of a key are told apart by their first two steps: enough to see, and bounded."""
    return f"{method} {'/'.join(path.split('/', 3)[:3])[:60]}"


def of_environ(environ: Environ) -> Head:
    size = 0
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            size += len(name) + len(value)
    return Head(
        environ["REQUEST_METHOD"],
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        environ.get("REMOTE_ADDR", ""),
        environ.get("HTTP_X_FORWARDED_FOR"),
        environ.get("CONTENT_LENGTH"),
        environ.get("HTTP_ORIGIN"),
        size,
        lambda name: environ.get(f"HTTP_{name.upper().replace('-', '_')}"),
    )


def below(path: str, prefix: str) -> str:
    """A path without the prefix that the portal lives at, where a proxy left it on."""
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        return path[len(prefix) :] or "/"
    return path


def oversize(head: Head) -> tuple[int, str] | None:
    """The status and the sentence for one that is too large."""
    length = head.length
    if length:
        if not (length.isascii() and length.isdigit()):
            return 400, "Content-Length is not a number."
        if len(length) > 12 or int(length) > MOST_BODY_BYTES:
            return 413, "The body is larger than 1 MiB."
    path, query = head.path, head.query
    if len(path) + len(query) > MOST_URL_BYTES // 12:
        if len(quote(path)) + len(query) > MOST_URL_BYTES:
            return 414, "The URL is longer than 8 KiB."
    if head.header_bytes > MOST_HEADER_BYTES:
        return 431, "The headers are larger than 32 KiB."
    return None


def is_probe(path: str) -> bool:
    """Whether a path is one of the probes, which are answered whatever else happens."""
    return path in PROBES


def is_uncounted(path: str) -> bool:
    """Whether a path is neither limited nor judged: probes, styles, scripts and icons."""
    return path.startswith("/static/") or path in PROBES or path in ROOT_FILES


def as_get(environ: Environ) -> Environ:
    """HEAD as the GET whose headers it asks for.

    A view that tells GET from POST would take HEAD for the other one, and act.
    """
    return environ | {
        "REQUEST_METHOD": "GET",
        "CONTENT_LENGTH": "0",
        "wsgi.input": io.BytesIO(),
        "portal.is_head": True,
    }


@lru_cache(maxsize=1024)
def is_trusted_host(host: str, trusted: tuple[str, ...]) -> bool:
    """Whether a host name is one of the portal's, as `PORTAL_TRUSTED_HOSTS` has them."""
    return host_is_trusted(host, trusted)
