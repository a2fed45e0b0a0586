"""A mail that is rendered once a notice, with places for what differs from reader to reader.

The link to one's own subscription is the only thing in the body that does. It stands in lines that
are broken at a width, so that there is a form for each length that such a link has.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Long enough to stand nowhere by chance, and made of what no encoding changes.
_MARK = "Xq7Zv"
_BREAK = b"=\r\n"


def placeholder(length: int) -> str:
    """A text as long as the link that takes its place."""
    return (_MARK * length)[:length]


@dataclass(frozen=True)
class Form:
    """Literal bytes, and between them the parts of the link: from which sign to which."""

    literals: tuple[bytes, ...]
    parts: tuple[tuple[int, int], ...]

    def fill(self, link: str) -> bytes:
        """The body with a link of the length that the form was made for."""
        signs = link.encode("ascii")
        pieces = [self.literals[0]]
        for (start, end), literal in zip(self.parts, self.literals[1:], strict=True):
            pieces += signs[start:end], literal
        return b"".join(pieces)


def cut(mail: bytes, length: int) -> Form:
    """The form of a mail that was rendered with the placeholder of a length."""
    literals, parts, last = list[bytes](), list[tuple[int, int]](), 0
    for begin, end, sign, until in _pieces(mail, placeholder(length).encode()):
        literals.append(mail[last:begin])
        parts.append((sign, until))
        last = end
    literals.append(mail[last:])
    return Form(tuple(literals), tuple(parts))


def _pieces(mail: bytes, mark: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Where a mark stands, piece by piece: bytes from and to, and signs of the mark from and to."""
    broken = f"(?:{re.escape(_BREAK.decode())})?".join(mark.decode())
    for found in re.finditer(broken.encode(), mail):
        at, sign = found.start(), 0
        for piece in found.group().split(_BREAK):
            yield at, at + len(piece), sign, sign + len(piece)
            at, sign = at + len(piece) + len(_BREAK), sign + len(piece)
