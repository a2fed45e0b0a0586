"""A WAF on a library that says what a test tells it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from portal.guard.waf import Inspected
from portal.guard.waf.library import Intervention
from portal.guard.waf.modsecurity import ModSecurity

TEXT = """
SecRule A "id:999,msg:'not.one'"
SecRule A "id:1000,msg:'sql.union'"
"""
PROOFS = [{"id": 1000, "refuse": "GET /?bad", "pass": "GET /?good"}]


@dataclass
class Seen:
    """What was shown to the rules."""

    address: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


class Library:
    """An engine that refuses what a test says, in the words of libmodsecurity."""

    name = "libmodsecurity 3"

    def __init__(self) -> None:
        self.asked: list[Seen] = []
        self.refuse: Callable[[Seen], int | None] = lambda seen: (
            1000 if seen.query == "bad" else None
        )
        self.is_disruptive, self.status = True, 403

    def rules(self, text: str) -> "Library":
        return self

    def judge(self, *, headers: Iterable[tuple[str, str]], **values: Any) -> Intervention | None:
        seen = Seen(headers=dict(headers), **values)
        self.asked.append(seen)
        number = self.refuse(seen)
        if number is None:
            return None
        log = f'[line "1"] [id "{number}"]' if number else ""
        return Intervention(self.status, log, self.is_disruptive)


def make(library: Library, *, text: str = TEXT, proofs: Any = None, **values: Any) -> ModSecurity:
    return ModSecurity(
        library,
        text,
        PROOFS if proofs is None else proofs,
        **{"crs": "", "crs_blocks": False, **values},
    )


def request(
    query: str = "",
    *,
    path: str = "/x",
    body: bytes = b"",
    method: str = "GET",
    is_anonymous: bool = True,
    **headers: str,
) -> Inspected:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Inspected(method, path, query, named, body, "192.0.2.1", is_anonymous)
