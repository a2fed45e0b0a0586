"""The WAF: libmodsecurity with rules of our own, behind one small interface.

libmodsecurity takes a broken rule without a word, so every rule proves itself when it is loaded:
it must refuse one request by its own number and pass another. The engine holds the interpreter's
lock while it looks; a transaction belongs to one request, the compiled rules to all of them.

Content rules see the path, the query and a few headers, never a body: what operators write talks
of SQL, shells and HTML all day. Of JSON bodies only the names are looked at.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote

import structlog

_log = structlog.get_logger()
RULES = Path(__file__).parent / "rules"
MOST_FIELDS = 255
MOST_REMEMBERED = 2048
MOST_REMEMBERED_CHARACTERS = 1000
# The headers that a rule of ours looks at; portal.conf names no other.
_SEEN = frozenset(
    {"user-agent", "referer", "x-forwarded-for", "x-api-version", "transfer-encoding"}
)
_PLAIN_FORWARDED = re.compile(r"[0-9a-fA-F.:, ]*")
_ANONYMOUS = "x-portal-anonymous"
_FIRST_REFUSING = 1000
_ID = re.compile(r'"id:(\d+),')
_NAME = re.compile(r"msg:'([^']+)'")
_SAID_ID = re.compile(r'\[line "\d+"\] \[id "(\d+)"\]')
# Rules that need no pattern engine.
_OWN = ("http.fields", "http.header", "nosql.operator")


class WafError(Exception):
    """The engine cannot tell, or its rules do not prove themselves."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """A request as the WAF sees it: the path decoded once, header names in lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    address: str
    is_anonymous: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """What to answer, and the readable name of the rule, which the public never sees."""

    status: int
    rule: str


class Engine(Protocol):
    """`rules` are the names that a refusal can have."""

    name: str
    rule_set: str
    rules: tuple[str, ...]

    def inspect(self, request: Inspected) -> Refusal | None:
        """None when the request may go on; WafError when it cannot be told."""
        ...


class Off:
    """Looks at nothing, and says why."""

    name = "off"
    rules: tuple[str, ...] = ()

    def __init__(self, reason: str) -> None:
        self.rule_set = reason

    def inspect(self, request: Inspected) -> Refusal | None:
        return None


@dataclass(frozen=True)
class _Verdict:
    status: int
    rule_id: int
    log: str


class _Compiled:
    """One set of rules and the engine that runs it."""

    def __init__(self, library: Any, text: str) -> None:
        self._library = library
        self._engine = library.ModSecurity()
        self._engine.set_log_callback(lambda _: None)
        self._rules = library.RulesSet()
        if self._rules.load(text) < 0:
            raise WafError(f"The WAF's rules cannot be read: {self._rules.get_parser_error()}")

    def run(self, request: Inspected, *, body: bytes = b"") -> _Verdict | None:
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
        return _Verdict(found.status, int(number[1]) if number else 0, said)


class ModSecurity:
    """Our rules, and beside them the Core Rule Set when a folder of it was given."""

    name = "modsecurity"

    def __init__(
        self, library: Any, text: str, proofs: list[dict[str, Any]], *, crs: str, crs_blocks: bool
    ) -> None:
        self._names = _names(text)
        self.rules = tuple(sorted({*self._names.values(), *_OWN, *(["crs"] if crs else [])}))
        self._ours = _Compiled(library, text)
        _prove(self._ours, self._names, proofs)
        self._crs = _Compiled(library, crs) if crs else None
        self._crs_blocks = crs_blocks
        self._clean: set[tuple[object, ...]] = set()
        self.rule_set = f"{len(self._names)} rules" + (
            f" and the CRS{'' if crs_blocks else ', detecting only'}" if crs else ""
        )

    def inspect(self, request: Inspected) -> Refusal | None:
        if _fields(request) > MOST_FIELDS:
            return Refusal(400, "http.fields")
        if not _is_plain(request.headers):
            return Refusal(400, "http.header")
        if _has_operator_names(request):
            return Refusal(400, "nosql.operator")
        try:
            what = _what_rules_see(request)
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
        # Prose of people who are signed in is never shown to it.
        body = request.body if request.is_anonymous else b""
        verdict = self._crs.run(request, body=body)
        if verdict is None:
            return None
        _log.info("waf.crs_detected", rule=verdict.rule_id, path=request.path)
        return Refusal(403, "crs") if self._crs_blocks else None


def load(engine: str, *, crs: Path | None = None, crs_blocks: bool = False) -> Engine:
    """The engine of a setting; WafError when its rules do not prove themselves."""
    if engine == "off":
        return Off("switched off")
    try:
        import libmodsecurity
    except ImportError:
        return Off("there is no libmodsecurity for this machine")
    text = (RULES / "portal.conf").read_text(encoding="utf-8")
    proofs = json.loads((RULES / "proofs.json").read_text(encoding="utf-8"))
    return ModSecurity(
        libmodsecurity, text, proofs, crs=_crs_text(crs) if crs else "", crs_blocks=crs_blocks
    )


def _crs_text(folder: Path) -> str:
    """The Core Rule Set's setup and rules; its own engine mode is overruled by ours."""
    setup = next(
        (
            one
            for name in ("crs-setup.conf", "crs-setup.conf.example")
            if (one := folder / name).is_file()
        ),
        None,
    )
    rules = sorted((folder / "rules").glob("*.conf"))
    if setup is None or not rules:
        raise WafError(f"PORTAL_WAF_CRS: no crs-setup.conf and rules/*.conf in {folder}")
    base = "SecRuleEngine On\nSecRequestBodyAccess On\nSecAuditEngine Off\n"
    # Included by path, so that the rules find their data files beside them.
    return base + "\n".join(f'Include "{one.resolve()}"' for one in (setup, *rules)) + "\n"


def _names(text: str) -> dict[int, str]:
    """Number and readable name of each rule that refuses."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        number, name = _ID.search(line), _NAME.search(line)
        if number is None or int(number[1]) < _FIRST_REFUSING:
            continue
        if name is None:
            raise WafError(f"WAF rule {number[1]} has no name")
        if int(number[1]) in found:
            raise WafError(f"WAF rule {number[1]} is there twice")
        found[int(number[1])] = name[1]
    return found


def _prove(compiled: _Compiled, names: dict[int, str], proofs: list[dict[str, Any]]) -> None:
    proven = {int(proof["id"]) for proof in proofs}
    for number, name in names.items():
        if number not in proven:
            raise WafError(f"WAF rule {number} ({name}) has no proof")
    for proof in proofs:
        number = int(proof["id"])
        verdict = compiled.run(_example(proof["refuse"], proof.get("refuseHeaders", {})))
        if verdict is None or verdict.rule_id != number:
            raise WafError(
                f"WAF rule {number} ({names.get(number, 'unknown')}) does not refuse"
                f" {proof['refuse']!r}"
            )
        if compiled.run(_example(proof["pass"], proof.get("passHeaders", {}))) is not None:
            raise WafError(f"WAF rule {number}: {proof['pass']!r} does not pass")


def _example(line: str, headers: dict[str, str]) -> Inspected:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    plain = (("host", "localhost"), ("accept", "*/*"), *headers.items())
    return Inspected(method, unquote(path), query, plain, b"", "192.0.2.1", True)


def _what_rules_see(request: Inspected) -> tuple[object, ...]:
    """All that our rules depend on; two requests that agree in it get the same verdict."""
    seen: list[object] = [request.method, request.path, request.query, request.is_anonymous]
    for name, value in request.headers:
        if name == "content-length":
            seen.append(name)  # a rule asks whether it is there, not what it says
        elif name in _SEEN:
            # Addresses differ with every client and can hold nothing that a rule matches.
            if name != "x-forwarded-for" or not _PLAIN_FORWARDED.fullmatch(value):
                seen += (name, value)
    return tuple(seen)


def _fields(request: Inspected) -> int:
    count = request.query.count("&") + 1
    kind = next((value for name, value in request.headers if name == "content-type"), "")
    if kind.startswith("application/x-www-form-urlencoded"):
        count = max(count, request.body.count(b"&") + 1)
    return count


def _is_plain(headers: tuple[tuple[str, str], ...]) -> bool:
    """Whether every header can be handed to native code."""
    try:
        for name, value in headers:
            name.encode("latin-1")
            value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _has_operator_names(request: Inspected) -> bool:
    """Whether a JSON body has a name such as `$where`; values are prose and are left alone."""
    if b'"$' not in request.body and b'"\\u0024' not in request.body:
        return False
    if not request.path.startswith("/api/"):
        return False
    try:
        found = [json.loads(request.body)]
    except (ValueError, RecursionError):
        return False  # the API answers what it cannot read
    while found:
        one = found.pop()
        if isinstance(one, dict):
            if any(name.startswith("$") for name in one):
                return True
            found.extend(one.values())
        elif isinstance(one, list):
            found.extend(one)
    return False
