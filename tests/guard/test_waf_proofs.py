"""Rules prove themselves before they are believed."""

from pathlib import Path

import pytest

from portal.guard import waf
from portal.guard.waf import WafError, rules
from tests.guard.waf_library import PROOFS, TEXT, Library, make, request

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "proofs", "reason"),
    [
        (TEXT + TEXT, PROOFS, "1000 is there twice"),
        ('SecRule A "id:1001,phase:1"', PROOFS, "1001 has no name"),
        (TEXT, [], "1000 .sql.union. has no proof"),
        (TEXT, [{**PROOFS[0], "refuse": "GET /?good"}], "does not refuse"),
        (TEXT, [{**PROOFS[0], "pass": "GET /?bad"}], "does not pass"),
        (TEXT, [*PROOFS, {**PROOFS[0], "id": 1002}], "1002 .unknown. does not refuse"),
    ],
)
def test_rules_prove_themselves(library: Library, text, proofs, reason):
    with pytest.raises(WafError, match=reason):
        make(library, text=text, proofs=proofs)


def test_a_proof_may_have_headers(library: Library):
    library.refuse = lambda seen: 1000 if seen.headers.get("referer") == "bad" else None
    proof = {
        "id": 1000,
        "refuse": "POST /a%20b?q",
        "refuseHeaders": {"referer": "bad"},
        "pass": "GET /",
        "passHeaders": {"referer": "good"},
    }
    make(library, proofs=[proof])
    assert library.asked[-2].target == "/a%20b?q"
    assert library.asked[-2].headers["referer"] == "bad"


def test_off_says_why_and_looks_at_nothing():
    off = waf.load("off")
    assert (off.name, off.rule_set, off.inspect(request("bad"))) == ("off", "switched off", None)


@pytest.mark.parametrize("setup", ["crs-setup.conf", "crs-setup.conf.example", None])
def test_where_the_core_rule_set_is(tmp_path: Path, setup: str | None):
    if setup is None:
        with pytest.raises(WafError, match=r"no crs-setup\.conf"):
            rules.crs_text(tmp_path)
        return
    (tmp_path / setup).write_text("")
    with pytest.raises(WafError, match=r"no crs-setup\.conf"):
        rules.crs_text(tmp_path)
    (tmp_path / "rules").mkdir()
    for name in ("b.conf", "a.conf", "c.data"):
        (tmp_path / "rules" / name).write_text("")
    lines = rules.crs_text(tmp_path).splitlines()
    assert lines[0] == "SecRuleEngine On"
    assert [Path(line.split('"')[1]).name for line in lines[3:]] == [setup, "a.conf", "b.conf"]
