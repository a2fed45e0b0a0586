"""Which origins may ask what: an allow-list by exact scheme, host and port.

A browser names the page's origin on every request that another site makes it send; a request
without one is not from a browser's script, and is not judged here.
"""

import re
from collections.abc import Iterable

_SHAPE = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
MOST_CHARACTERS = 200


def normalise(text: str) -> str | None:
    """`scheme://host`, lower case, with the port unless it is the scheme's own; None for others."""
    match = _SHAPE.fullmatch(text.strip().lower().rstrip("/"))
    if match is None:
        return None
    scheme, host, port = match.groups()
    if port is not None and not 0 < int(port) < 65536:
        return None
    return f"{scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}")


def check_pattern(text: str) -> str:
    """An origin for the allow-list, `https://*.example.com` for subdomains; ValueError if not."""
    star = text.replace("://*.", "://", 1)
    found = normalise(star)
    if found is None or "*" in found:
        raise ValueError(f"{text!r} is not an origin such as https://www.example.com")
    return found if star == text else found.replace("://", "://*.", 1)


class Origins:
    """The allow-list of one portal; `public` are paths that any origin may read."""

    def __init__(
        self, allowed: Iterable[str], *, own: str, public: frozenset[str], public_cors: str
    ) -> None:
        listed = [*allowed, *([own] if own else [])]
        self._exact = frozenset(one for one in listed if "*" not in one)
        # The apex itself is not one of its subdomains: it has to be listed by itself.
        self._below = tuple(
            (one.split("://*")[0] + "://", one.split("://*")[1]) for one in listed if "*" in one
        )
        self._public = public
        self._public_cors = public_cors

    def allows(self, origin: str, *, host: str, path: str, method: str) -> bool:
        """Whether a page of `origin` may ask this; `host` is the request's own Host header."""
        if path in self._public and method in ("GET", "HEAD", "OPTIONS"):
            if self._public_cors in ("*", origin):
                return True
        found = normalise(origin)
        if found is None:
            return False  # `null` and garbage are on no list
        scheme, _, place = found.partition("://")
        if found in self._exact or place == _without_default_port(host.lower(), scheme):
            return True
        return any(
            found.startswith(start) and found.endswith(end) and len(found) > len(start + end)
            for start, end in self._below
        )


def _without_default_port(host: str, scheme: str) -> str:
    return host.removesuffix(f":{_DEFAULT_PORTS[scheme]}")
