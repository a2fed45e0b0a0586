"""Health: statuses for everyone, details for who has a token, and never a refusal."""

from portal.accounts.roles import Scope
from tests.conftest import Build
from tests.sites import Site


def test_probes_get_statuses_and_tokens_get_details(site: Site):
    client = site.client()
    plain = client.get("/health/ready")
    assert plain.content_type == "application/health+json"
    assert plain.get_json() == {
        "status": "pass",
        "checks": {
            name: [{"status": "pass"}]
            for name in ("database", "database:writable", "migrations", "database:pool")
        },
    }
    told = client.get("/health/ready", headers=site.bearer(Scope.RUNTIME_READ)).get_json()
    assert told["checks"]["database"][0]["observedUnit"] == "ms"
    wrong = client.get("/health/ready", headers={"Authorization": "Bearer wrong"})
    assert wrong.get_json() == plain.get_json()
    assert plain.headers["Cache-Control"] == "no-store"


def test_tables_that_are_not_at_head_are_not_ready(site: Site):
    from sqlalchemy import text

    with site.portal.core.open_session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
        session.commit()
    answer = site.client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["migrations"] == [{"status": "fail"}]
    assert answer.headers["Retry-After"] == "5"
    assert site.client().get("/health/startup").status_code == 503
    assert site.client().get("/health/live").status_code == 200


def test_readiness_does_not_look_at_scrapes(build: Build, still):
    site = build()
    site.scrape()
    still.advance(days=1)
    assert site.portal.overview.take().metrics.stale
    assert site.client().get("/health/ready").status_code == 200


def test_probes_by_address_pass_where_host_names_are_bound(build: Build):
    site = build(trusted_hosts=("status.example.net",))
    client, by_address = site.client(), {"Host": "10.0.0.7:8000"}
    for path in ("/health/live", "/health/ready", "/health/startup"):
        assert client.get(path, headers=by_address).status_code == 200, path
    assert site.scrape(**by_address).status_code == 200
    assert client.get("/panel/login", headers=by_address).status_code == 400
    assert client.get("/panel/login", headers={"Host": "status.example.net"}).status_code == 200
