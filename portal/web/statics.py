"""Styles, scripts and pictures, from memory: under a name with their hash, which never changes.

Templates write plain names; they are compiled with the others. A browser keeps what has a hash for
a year and asks no more, and a new version has a new name.
"""

import hashlib
import mimetypes
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension

from portal.board.answer import Answer
from portal.web.headers import SECURITY_HEADERS

_FOREVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"
_NAME = re.compile(r"/static/[A-Za-z0-9_./-]+\.[a-z]+")


class Statics:
    """The files of a folder as answers, by their names with and without their hash."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, str] = {}
        self._answers: dict[str, Answer] = {}
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()
            plain = f"/static/{path.relative_to(folder).as_posix()}"
            stem, _, suffix = plain.rpartition(".")
            hashed = f"{stem}.{digest[:10]}.{suffix}"
            self.names[plain] = hashed
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            if kind.startswith("text/"):
                kind += "; charset=utf-8"
            etag = f'W/"{digest[:20]}"'
            for name, control in ((plain, _AN_HOUR), (hashed, _FOREVER)):
                shared = (("Cache-Control", control), *SECURITY_HEADERS)
                self._answers[name] = answer = Answer.of(body, kind, etag, shared)
                answer.compress()

    def find(self, path: str) -> Answer | None:
        return self._answers.get(path)

    def hashed(self, text: str) -> str:
        """A template's source with the names of this folder's files as they are now."""
        return _NAME.sub(lambda match: self.names.get(match[0], match[0]), text)


@cache
def load(folder: Path) -> Statics:
    """The files as they were when this process began."""
    return Statics(folder)


def put_on(environment: Environment, statics: Statics) -> None:
    """Compile templates with the names that have a hash."""

    class HashedNames(Extension):
        def preprocess(self, source: str, *_: Any, **__: Any) -> str:
            return statics.hashed(source)

    environment.add_extension(HashedNames)
    # For names that a template puts together.
    environment.filters["hashed"] = statics.hashed
