"""What was clean once is remembered, with all that rules see."""

import re

import pytest

from portal.guard import waf
from portal.guard.waf import Inspected, WafError, loading, modsecurity, requests
from tests.guard.requests import asked
from tests.sites import Site


def test_what_is_remembered_as_clean_holds_all_that_rules_see(engine: waf.Engine):
    clean = asked("POST", "/panel/login", "a=1", **{"user-agent": "curl/8"})
    changes = [
        asked("TRACE", "/panel/login", "a=1", **{"user-agent": "curl/8"}),
        asked("POST", "/panel/login.php", "a=1", **{"user-agent": "curl/8"}),
        asked("POST", "/panel/login", "a=1'--", **{"user-agent": "curl/8"}),
        asked("POST", "/panel/login", "a=1", **{"user-agent": "sqlmap"}),
        *(
            asked("POST", "/panel/login", "a=1", **{"user-agent": "curl/8", name: "${jndi:x}"})
            for name in ("referer", "x-forwarded-for", "x-api-version", "transfer-encoding")
        ),
        asked(
            "POST",
            "/panel/login",
            "a=1",
            **{"user-agent": "curl/8", "transfer-encoding": "chunked", "content-length": "1"},
        ),
    ]
    for _ in range(2):
        assert engine.inspect(clean) is None
        for request in changes:
            assert engine.inspect(request) is not None, request
    text = (loading.RULES / "portal.conf").read_text()
    looked_at = {name.lower() for name in re.findall(r"REQUEST_HEADERS:([\w-]+)", text)}
    assert looked_at - {"x-portal-anonymous", "content-length"} == requests._BY_VALUE


def test_memory_of_clean_requests_is_bounded(engine: waf.Engine):
    for number in range(modsecurity.MOST_REMEMBERED + 500):
        assert engine.inspect(asked(query=f"t={number}")) is None
    assert len(engine._clean) <= modsecurity.MOST_REMEMBERED
    before = len(engine._clean)
    assert engine.inspect(asked(query="t=" + "1" * 2000)) is None
    assert len(engine._clean) == before


def test_an_engine_that_fails_lets_reads_through_and_no_writes(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    def fail(_: Inspected) -> None:
        raise WafError("broken")

    monkeypatch.setattr(site.portal.guard.inspection.engine, "inspect", fail)
    client = site.client()
    assert client.get("/panel/login").status_code == 200
    refused = client.post("/panel/login", data={"name": "a", "password": "b"})
    assert refused.status_code == 503
    assert refused.get_json()["reference"]
    assert site.figure("gigvora_waf_errors_total") == 2
