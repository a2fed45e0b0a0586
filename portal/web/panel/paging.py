"""Pages of the panel's lists: where a list begins, and the links to what is before and after."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

from portal.web.problems import Problem

LIMIT = 50


@dataclass(frozen=True)
class Section:
    """A part of a list on the page; `name` is the parameter that says where it begins.

    Of a list that is counted only so far, `more_than` says how far where there are more, and
    `total` is then what is known to be there.
    """

    name: str
    offset: int
    total: int
    limit: int = LIMIT
    more_than: int | None = None

    @classmethod
    def counted_to(
        cls, most: int, name: str, offset: int, *, found: int, total: int, limit: int = LIMIT
    ) -> "Section":
        """Of a list that was counted to `most`, and of which `found` rows were read from here on.

        One row more than the page has tells whether there is another page.
        """
        if total <= most:
            return cls(name, offset, total, limit)
        return cls(name, offset, max(most, offset + found), limit, more_than=most)

    @property
    def first(self) -> int:
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.offset + self.limit, self.total)

    @property
    def before(self) -> str | None:
        """The link to the part before; None on the first."""
        return self._link(max(0, self.offset - self.limit)) if self.offset else None

    @property
    def after(self) -> str | None:
        """The link to the part after; None on the last."""
        return self._link(self.offset + self.limit) if self.last < self.total else None

    def _link(self, offset: int) -> str:
        others = {name: value for name, value in request.args.items() if name != self.name}
        return "?" + urlencode(others | ({self.name: str(offset)} if offset else {}))


def offset(name: str = "offset") -> int:
    """Where the list begins that the address names; 0 when it names none."""
    return _number(name, most_digits=7)


def before() -> int | None:
    """The number that the list ends before; None when the address names none."""
    return _number("before", most_digits=15) or None


def _number(name: str, *, most_digits: int) -> int:
    text = request.args.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= most_digits):
        raise Problem(400, f"{name} must be a number from 0.")
    return int(text)
