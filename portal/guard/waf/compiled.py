"""A set of rules as libmodsecurity has compiled it.

The engine holds the interpreter's lock while it looks; a transaction belongs to one request, the
compiled rules to all of them.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from portal.guard.waf.engine import Inspected, WafError

_ANONYMOUS = "x-portal-anonymous"
_SAID_ID = re.compile(r'\[line "\d+"\] \[id "(\d+)"\]')


@dataclass(frozen=True)
class Verdict:
    """Which rule refuses, and what libmodsecurity says of it."""

    status: int
    rule_id: int
    log: str


class Compiled:
    """One set of rules and the engine that runs it."""

    def __init__(self, library: Any, text: str) -> None:
        self._library = library
        self._engine = library.ModSecurity()
        self._engine.set_log_callback(lambda _: None)
        self._rules = library.RulesSet()
        if self._rules.load(text) < 0:
            raise WafError(f"The WAF's rules cannot be read: {self._rules.get_parser_error()}")

    def run(self, request: Inspected, *, body: bytes = b"") -> Verdict | None:
        """None when no rule refuses; the body is for the Core Rule Set alone."""
        transaction = self._library.Transaction(self._engine, self._rules)
        transaction.process_connection(request.address, 0, "127.0.0.1", 0)
        target = quote(request.path, safe="/:@!$&'()*+,;=~-._[]")
        transaction.process_uri(
            f"{target}?{request.query}" if request.query else target, request.method, "1.1"
        )
        for name, value in request.headers:
            if name != _ANONYMOUS:
                transaction.add_request_header(name, value)
        transaction.add_request_header(_ANONYMOUS, "1" if request.is_anonymous else "0")
        transaction.process_request_headers()
        found = transaction.intervention()
        if found is None and body:
            transaction.append_request_body(body)
            transaction.process_request_body()
            found = transaction.intervention()
        if found is None or not found.disruptive:
            return None
        said = found.log or ""
        number = _SAID_ID.search(said)
        return Verdict(found.status, int(number[1]) if number else 0, said)
