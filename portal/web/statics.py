"""Styles, scripts and pictures, from memory: under a name with their hash, which never changes.

Templates write plain names; they are compiled with the others. A browser keeps what has a hash for
a year and asks no more, and a new version has a new name. What the public page needs comes in
bundles, so that a first visit takes few requests.
"""

import hashlib
import mimetypes
import re
import threading
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension

from portal.board import encodings
from portal.board.answer import Answer
from portal.web.headers import SECURITY_HEADERS

_LARGE = 200_000
_KINDS = {".webmanifest": "application/manifest+json", ".ico": "image/x-icon"}
# A picture that is opened by itself must run and load nothing.
_MORE = {".svg": (("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),)}
_FOREVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"
# Files that are sent as one, in this order.
BUNDLES = {
    "css/site.css": ("css/base.css", "css/banner.css", "css/public.css"),
    "js/site.js": (
        "vendor/htmx.min.js",
        "js/morph.js",
        "js/polls.js",
        "js/public.js",
        "js/days.js",
    ),
}
# Of a bundle: what only whoever reads the source needs.
_COMMENTS = re.compile(rb"(?m)^\s*//.*\n|^[ \t]+")
_NAME = re.compile(r"/static/[A-Za-z0-9_./-]+\.[a-z]+")


@lru_cache(maxsize=512)
def _encode(encoding: str, body: bytes, quality: int) -> bytes:
    """Once, for both names of a file and for each app of a process."""
    return encodings.encode(encoding, body, quality)


class Statics:
    """Files as answers, by their names with and without their hash."""

    def __init__(self, files: Iterable[tuple[str, bytes]], below: str = "/static/") -> None:
        self.names: dict[str, str] = {}
        self._answers: dict[str, Answer] = {}
        self._large: dict[str, Answer] = {}
        for name, body in files:
            digest = hashlib.sha256(body).hexdigest()
            plain = below + name
            stem, _, ending = plain.rpartition(".")
            hashed = f"{stem}.{digest[:10]}.{ending}"
            self.names[plain] = hashed
            suffix = f".{name.rpartition('.')[2]}"
            kind = _KINDS.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            if kind.startswith("text/"):
                kind += "; charset=utf-8"
            etag = f'W/"{digest[:20]}"'
            for known, control in ((plain, _AN_HOUR), (hashed, _FOREVER)):
                shared = (("Cache-Control", control), *SECURITY_HEADERS, *_MORE.get(suffix, ()))
                self._answers[known] = answer = Answer.of(body, kind, etag, shared)
                if len(body) <= _LARGE:
                    # Every first visit takes a bundle.
                    quality = encodings.SMALL if name in BUNDLES else encodings.QUICK
                    answer.compress(quality, _encode)
                else:
                    self._large[known] = answer

    def answers(self) -> dict[str, Answer]:
        """All of them, by their plain names."""
        return {plain: self._answers[plain] for plain in self.names}

    def find(self, path: str) -> Answer | None:
        large = self._large.pop(path, None) if self._large else None
        if large is not None:
            # Few ask for it: it is compressed then, and nobody waits for that.
            threading.Thread(target=large.compress, daemon=True).start()
        return self._answers.get(path)

    def hashed(self, text: str) -> str:
        """A template's source with the names of this folder's files as they are now."""
        return _NAME.sub(lambda match: self.names.get(match[0], match[0]), text)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a folder and its bundles, by their names in it."""
    found = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    yield from found.items()
    for name, parts in BUNDLES.items():
        if all(part in found for part in parts):
            yield name, b"\n".join(_COMMENTS.sub(b"", found[part]) for part in parts)


@cache
def load(folder: Path) -> Statics:
    """The files as they were when this process began."""
    return Statics(files(folder))


def put_on(environment: Environment, statics: Statics) -> None:
    """Compile templates with the names that have a hash."""

    class HashedNames(Extension):
        def preprocess(self, source: str, *_: Any, **__: Any) -> str:
            return statics.hashed(source)

    environment.add_extension(HashedNames)
    # For names that a template puts together.
    environment.filters["hashed"] = statics.hashed
