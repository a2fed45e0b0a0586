"""Rules prove themselves at the start, and what is missing is said."""

import html
from pathlib import Path

import pytest

from portal.guard import waf
from portal.guard.waf import Refusal, WafError, loading
from tests.conftest import Build
from tests.guard.requests import asked
from tests.sites import Site


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("portal.conf", "proofs.json"):
        (tmp_path / name).write_text((loading.RULES / name).read_text())
    monkeypatch.setattr(loading, "RULES", tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("portal.conf", "@detectSQLi", "@detectSQLj", "1081"),
        ("portal.conf", '"@rx [\\x00\\r\\n]"', '"@rx ("', "1012"),
        ("portal.conf", "id:1050,phase:1,deny", "id:1050,phase:1,pass", "1050"),
        ("portal.conf", "msg:'http.method'", "nolog", "1000"),
        ("portal.conf", "DELETE|OPTIONS", "DELETE|OPTION", "1000"),
        (
            "proofs.json",
            '"id": 1030, "refuse": "GET /.git/config"',
            '"id": 1030, "refuse": "GET /git"',
            "1030",
        ),
        ("proofs.json", '"id": 1040', '"id": 1041', "1040"),
    ],
)
def test_a_rule_that_does_not_prove_itself_stops_the_start(
    rules: Path, file: str, old: str, new: str, said: str
):
    change(rules / file, old, new)
    with pytest.raises(WafError, match=said):
        waf.load("modsecurity")


def test_off_and_a_missing_library_say_so(monkeypatch: pytest.MonkeyPatch, build: Build):
    assert waf.load("off").name == "off"
    monkeypatch.setattr(loading, "places", lambda: iter([("libnowhere.so.3", "the system's")]))
    missing = waf.load("modsecurity")
    assert (missing.name, missing.library, missing.rules) == ("off", "", ())
    assert missing.rule_set.startswith(
        "the system's libmodsecurity is not there; install libmodsecurity3 (Debian"
    )
    site = build()
    assert site.client().get("/history?month=1'%20UNION%20SELECT%201").status_code == 400
    page = site.signed_in().client.get("/panel/cards/waf").get_data(as_text=True)
    assert "Requests are not inspected" in page


def test_the_card_names_the_library(site: Site):
    page = site.signed_in().client.get("/panel/cards/waf").get_data(as_text=True)
    engine = site.portal.guard.inspection.engine
    assert engine.library.startswith("libmodsecurity 3.")
    assert html.escape(engine.library, quote=False).replace("'", "&#39;") in page


def test_the_core_rule_set_detects_and_refuses_only_when_told(tmp_path: Path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "crs-setup.conf").write_text("# set up\n")
    (tmp_path / "rules" / "one.conf").write_text(
        'SecRule ARGS "@streq marked" "id:942999,phase:2,deny,status:403,msg:\'marked\'"\n'
    )
    detecting = waf.load("modsecurity", crs=tmp_path)
    blocking = waf.load("modsecurity", crs=tmp_path, crs_blocks=True)
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "8"}
    marked = asked("POST", body=b"q=marked", **form)
    assert detecting.inspect(marked) is None
    assert blocking.inspect(marked) == Refusal(403, "crs")
    # Its rules on parameters are of phase 2, which requests without a body reach too.
    assert blocking.inspect(asked(query="q=marked")) == Refusal(403, "crs")
    assert blocking.inspect(asked(query="q=marked", is_anonymous=False)) is None
    signed_in = asked("POST", body=b"q=marked", is_anonymous=False, **form)
    assert blocking.inspect(signed_in) is None
    assert "detecting only" in detecting.rule_set
    with pytest.raises(WafError, match="PORTAL_WAF_CRS"):
        waf.load("modsecurity", crs=tmp_path / "nowhere")
