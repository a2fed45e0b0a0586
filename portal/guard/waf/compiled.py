"""A set of rules as libmodsecurity has compiled it.

A transaction belongs to one request, the compiled rules to all of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from portal.guard.waf.engine import Inspected
from portal.guard.waf.library import Intervention

_ANONYMOUS = "x-portal-anonymous"
_SAID_ID = re.compile(r'\[line "\d+"\] \[id "(\d+)"\]')


class Rules(Protocol):
    """What `portal.guard.waf.library.Rules` offers."""

    def judge(
        self,
        *,
        address: str,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes | None,
    ) -> Intervention | None: ...


class Library(Protocol):
    """What `portal.guard.waf.library.Library` offers."""

    name: str

    def rules(self, text: str) -> Rules: ...


@dataclass(frozen=True)
class Verdict:
    """Which rule refuses, and what libmodsecurity says of it."""

    status: int
    rule_id: int
    log: str


class Compiled:
    """One set of rules; of the headers it is shown those in `seen`, or all of them."""

    def __init__(self, library: Library, text: str, *, seen: frozenset[str] | None) -> None:
        self._rules = library.rules(text)
        self._seen = seen

    def run(self, request: Inspected, *, body: bytes | None = None) -> Verdict | None:
        """None when no rule refuses; the body, and with it phase 2, is for the Core Rule Set."""
        target = quote(request.path, safe="/:@!$&'()*+,;=~-._[]")
        headers = [
            (name, value)
            for name, value in request.headers
            if (self._seen is None or name in self._seen) and name != _ANONYMOUS
        ]
        headers.append((_ANONYMOUS, "1" if request.is_anonymous else "0"))
        found = self._rules.judge(
            address=request.address,
            method=request.method,
            target=f"{target}?{request.query}" if request.query else target,
            headers=headers,
            body=body,
        )
        if found is None or not found.is_disruptive:
            return None
        number = _SAID_ID.search(found.log)
        return Verdict(found.status, int(number[1]) if number else 0, found.log)
