"""libmodsecurity with rules of our own, and the Core Rule Set when a folder of it was given.

Content rules see the path, the query and a few headers, never a
body: what operators write talks of SQL, shells and HTML all day.
"""

from typing import Any

import structlog

from portal.guard.waf import requests, rules
from portal.guard.waf.compiled import Compiled, Library
from portal.guard.waf.engine import Inspected, Refusal, WafError

_log = structlog.get_logger()
MOST_FIELDS = 255
# Of a name, a value or a header that rules look at. What is longer is refused and not cut: behind
# a cut it would pass unseen.
MOST_CHARACTERS = 4096
MOST_REMEMBERED = 2048
MOST_REMEMBERED_CHARACTERS = 1000
# Rules that need no pattern engine.
_OWN = ("http.fields", "http.header", "http.length", "http.smuggling", "nosql.operator")


def _proven(library: Library, text: str, proofs: list[dict[str, Any]]) -> Compiled:
    """Our rules, which have proved themselves."""
    compiled = Compiled(library, text, seen=requests.SEEN)
    rules.prove(compiled, rules.names(text), proofs)
    return compiled


class ModSecurity:
    """Our rules, and beside them the Core Rule Set when a folder of it was given."""

    name = "modsecurity"

    def __init__(
        self,
        library: Library,
        text: str,
        proofs: list[dict[str, Any]],
        *,
        crs: str,
        crs_blocks: bool,
        because: str = "",
    ) -> None:
        """`because` says why a better library was not taken."""
        self.library = f"{library.name} ({because})" if because else library.name
        self._names = rules.names(text)
        self.rules = tuple(sorted({*self._names.values(), *_OWN, *(["crs"] if crs else [])}))
        self._ours = _proven(library, text, proofs)
        self._crs = Compiled(library, crs, seen=None) if crs else None
        self._crs_blocks = crs_blocks
        self._clean: set[tuple[object, ...]] = set()
        self.rule_set = f"{len(self._names)} rules" + (
            f" and the CRS{'' if crs_blocks else ', detecting only'}" if crs else ""
        )

    def inspect(self, request: Inspected) -> Refusal | None:
        if requests.fields(request) > MOST_FIELDS:
            return Refusal(400, "http.fields")
        if not requests.is_plain(request.headers):
            return Refusal(400, "http.header")
        if requests.has_nul(request):
            return Refusal(400, "http.smuggling")
        if requests.longest(request) > MOST_CHARACTERS:
            return Refusal(400, "http.length")
        if requests.has_operator_names(request):
            return Refusal(400, "nosql.operator")
        try:
            what = requests.what_rules_see(request)
            if what not in self._clean:
                verdict = self._ours.run(request)
                if verdict is not None:
                    name = self._names.get(verdict.rule_id, "http.smuggling")
                    return Refusal(verdict.status, name)
                self._remember(what)
            return self._by_crs(request) if self._crs else None
        except Exception as error:
            # The library is native code with errors of any kind; the caller decides what follows.
            raise WafError(f"{type(error).__name__}: {error}") from error

    def _remember(self, what: tuple[object, ...]) -> None:
        """Polls and pages ask the same again and again; what was clean once is clean."""
        if sum(len(part) for part in what if isinstance(part, str)) > MOST_REMEMBERED_CHARACTERS:
            return
        if len(self._clean) >= MOST_REMEMBERED:
            self._clean.clear()
        self._clean.add(what)

    def _by_crs(self, request: Inspected) -> Refusal | None:
        assert self._crs is not None
        # Prose of people who are signed in is never shown to it, in a body or in a search.
        body = request.body if request.is_anonymous else None
        verdict = self._crs.run(request, body=body)
        if verdict is None:
            return None
        _log.info("waf.crs_detected", rule=verdict.rule_id, path=request.path)
        return Refusal(403, "crs") if self._crs_blocks else None
