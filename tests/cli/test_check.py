"""`portal check`."""

from pathlib import Path

from tests.cli.conftest import Cli


def test_a_check_says_what_is_on_and_off(cli: Cli):
    said = cli.run("check", PORTAL_WORKERS_DECLARED="jobs:30s", PORTAL_AUTO_BLOCK="off").output
    for wanted in (
        "database: pass",
        "migrations: pass",
        "metrics feed: off",
        "automatic blocks: off",
        "mail: off",
        "WAF: modsecurity (24 rules; libmodsecurity 3.",
        "operators' chats: none",
        "declared workers: jobs",
        "environment: test",
    ):
        assert wanted in said, wanted


def test_a_check_of_what_is_not_ready_ends_with_1(cli: Cli, tmp_path: Path):
    said = cli.run("check", code=1, PORTAL_DATA_DIR=str(tmp_path / "empty")).output
    assert "database: fail (is not there; make it with: portal db upgrade)" in said


def test_a_proxy_that_nobody_declared_is_named(cli: Cli):
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    peer = {"REMOTE_ADDR": "10.0.0.9"}
    cli.site.client().get("/api/status", headers=forwarded, environ_base=peer)
    said = cli.run("check").stderr
    assert "10.0.0.9 forwards requests but is not in PORTAL_TRUSTED_PROXIES" in said
