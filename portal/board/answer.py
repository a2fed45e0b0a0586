"""One ready-made answer: its bytes, in the encodings that clients take, and its headers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from portal.board import encodings

Headers = tuple[tuple[str, str], ...]
Given = tuple[int, list[tuple[str, str]], bytes]
# A header of a request by its name in small letters, None without it.
Header = Callable[[str], str | None]
# A body in an encoding, at a quality.
Encode = Callable[[str, bytes, int], bytes]


@dataclass(frozen=True)
class Answer:
    """A body with its headers; `etag` leaves the times of generation out."""

    body: bytes
    etag: str
    headers: Headers
    headers_304: Headers
    is_spoken: bool = False
    _encoded: "dict[str, Answer]" = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls, body: bytes, kind: str, etag: str, shared: Headers, *, is_spoken: bool = False
    ) -> "Answer":
        """An answer of a media type, in the language of its reader if it `is_spoken`.

        `shared` are the headers that a 304 has too.
        """
        vary = "Accept-Encoding, Accept-Language" if is_spoken else "Accept-Encoding"
        shared = (("ETag", etag), ("Vary", vary), *shared)
        full = (("Content-Type", kind), ("Content-Length", str(len(body))), *shared)
        return cls(body, etag, full, shared, is_spoken)

    def compress(self, quality: int = encodings.QUICK, encode: Encode = encodings.encode) -> None:
        """Make the encodings that clients take; takes milliseconds, so never on the event loop."""
        if len(self.body) < encodings.SMALLEST:
            return
        for encoding in encodings.ORDER:
            if encoding not in self._encoded:
                body = encode(encoding, self.body, quality)
                length = ("Content-Length", str(len(body)))
                kept = [length if name == length[0] else (name, v) for name, v in self.headers]
                headers = (*kept, ("Content-Encoding", encoding))
                self._encoded[encoding] = replace(self, body=body, headers=headers, _encoded={})

    def encoded(self, accept: str) -> "Answer":
        """The same in the best encoding that a client takes, where that is there already."""
        return self._encoded.get(encodings.best(accept), self) if self._encoded else self

    def reply(self, header: Header) -> Given:
        """304 for a client that has this tag, else the body in an encoding that it takes."""
        if_none_match = header("if-none-match")
        if if_none_match is not None and self.is_held_by(if_none_match):
            return self.given_304
        accept = header("accept-encoding")
        return self.given if accept is None else self.encoded(accept).given

    @cached_property
    def given(self) -> Given:
        """What a server takes: status, headers and body."""
        return 200, list(self.headers), self.body

    @cached_property
    def given_304(self) -> Given:
        return 304, list(self.headers_304), b""

    def is_held_by(self, if_none_match: str) -> bool:
        """Whether a client has these bytes: its tag strong or weak, or `*` (RFC 9110, 13.1.2)."""
        return self.etag[2:] in if_none_match or if_none_match.strip() == "*"


# What is found for an answer that is public, but has to be made first.
PENDING = Answer(b"", "", (), ())
