"""A portal that is served before its tables are there: what is missing is named everywhere."""

import sqlite3
from pathlib import Path

import pytest

from portal.lifecycle.checks import UPGRADE
from tests.conftest import Build
from tests.sites import Site

BEARER = {"Authorization": "Bearer nobody-knows-this-token"}


@pytest.fixture(params=["no tables", "an older version's"])
def bare(request: pytest.FixtureRequest, build: Build, tmp_path: Path) -> Site:
    path = tmp_path / "bare.db"
    with sqlite3.connect(path) as database:
        if request.param != "no tables":
            database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
            database.execute("INSERT INTO alembic_version VALUES ('0000')")
    database.close()
    return build(database_url=f"sqlite:///{path}")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/status",
        "/api/runtime/maintenance",
        "/feed.atom",
        "/history",
        "/incidents/INC-2030-0001",
        "/panel/login",
        "/api/admin/runtime/health",
        "/api/admin/runtime/maintenance",
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_read_names_the_command(bare: Site, path: str, accept: str):
    headers = {"Accept": accept, **(BEARER if "/api/admin" in path else {})}
    answer = bare.client().get(path, headers=headers)
    if path == "/panel/login":
        answer = bare.client().post(path, data={"name": "ada", "password": "x"}, headers=headers)
    assert answer.status_code == 503, answer.text
    assert UPGRADE in answer.text
    assert "Operational" not in answer.text


def test_readiness_says_which_check_fails_and_probes_answer(bare: Site):
    client = bare.client()
    for headers in ({}, BEARER):
        answer = client.get("/health/ready", headers=headers)
        assert answer.status_code == 503
        assert answer.get_json()["checks"]["migrations"][0]["status"] == "fail"
    (check,) = [
        one for one in bare.portal.lifecycle.checks.readiness().checks if one.status == "fail"
    ]
    assert check.output == f"not at head; run: {UPGRADE}"
    assert client.get("/health/live").status_code == 200
    assert bare.scrape().status_code == 200
