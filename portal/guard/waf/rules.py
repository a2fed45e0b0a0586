"""Rules: their names, their proofs, and the Core Rule Set beside ours.

libmodsecurity takes a broken rule without a word, so every rule proves itself when it is loaded:
it must refuse one request by its own number and pass another.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from portal.guard.waf.compiled import Compiled
from portal.guard.waf.engine import Inspected, WafError

_FIRST_REFUSING = 1000
_ID = re.compile(r'"id:(\d+),')
_NAME = re.compile(r"msg:'([^']+)'")


def crs_text(folder: Path) -> str:
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


def names(text: str) -> dict[int, str]:
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


def prove(compiled: Compiled, names: dict[int, str], proofs: list[dict[str, Any]]) -> None:
    """WafError unless every rule refuses what it must, and passes what it must."""
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
