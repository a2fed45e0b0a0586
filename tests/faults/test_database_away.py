"""The database goes while the portal runs: public answers go on, and it comes back by itself."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.audit import chain, search
from portal.status.windows import WindowIn
from portal.store import schema
from portal.unit_of_work import By
from tests.conftest import Build
from tests.faults.servers import Postgres
from tests.sites import Site


class Fault:
    """A site whose database can be taken away and given back."""

    def __init__(self, site: Site, take: Callable[[], None], give: Callable[[], None]) -> None:
        self.site, self.take, self.give = site, take, give


@pytest.fixture(params=["sqlite", "postgresql"])
def fault(request: pytest.FixtureRequest, build: Build, tmp_path: Path) -> Iterator[Fault]:
    if request.param == "sqlite":
        site = build()
        path = site.settings.data_dir / "portal.db"
        away = path.with_name("away.db")
        yield Fault(site, lambda: path.rename(away), lambda: away.rename(path))
        return
    server = Postgres()
    schema.upgrade(server.url)
    yield Fault(build(database_url=server.url), server.stop, server.start)
    server.end()


@pytest.mark.fault(2)
def test_reads_go_on_writes_are_refused_and_it_recovers(fault: Fault):
    site = fault.site
    person = site.signed_in(Role.ADMIN)
    headers = site.bearer()
    csrf = person.csrf()
    site.portal.status.windows.schedule(
        By("a"), WindowIn(title="Upgrade", ends_at=clock.now() + timedelta(hours=1))
    )
    client = site.client()
    client.get("/")
    fault.take()

    site.portal.lifecycle.checks.readiness(refresh=True)
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200
    assert site.scrape().status_code == 200
    site.portal.board.refresh()
    for path in ("/", "/banner", "/api/status", "/api/runtime/maintenance"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Upgrade" in answer.get_data(as_text=True), path
    assert client.get("/api/status").get_json()["staleSince"]
    assert "cannot reach its database" in client.get("/").get_data(as_text=True)

    assert "fail" in [one.status for one in site.portal.overview.take().readiness.checks]
    assert site.portal.overview.take().alerts[0].id == "readiness-failing"

    body = {"title": "Lost?", "endsAt": "2999-01-01T00:00:00Z"}
    api = client.post("/api/admin/runtime/maintenance/windows", json=body, headers=headers)
    assert api.status_code == 503
    assert api.headers["Retry-After"] == "5"
    form = person.client.post(
        "/panel/windows/new",
        data={"csrf_token": csrf, "title": "My long text", "zone": "UTC"},
        headers={"Accept": "text/html"},
    )
    assert form.status_code == 503
    assert "My long text" in form.get_data(as_text=True)
    assert "Traceback" not in form.get_data(as_text=True) + api.get_data(as_text=True)

    fault.give()
    site.portal.lifecycle.checks.readiness(refresh=True)
    assert client.get("/health/ready").status_code == 200
    site.portal.board.refresh()
    assert client.get("/api/status").get_json()["staleSince"] is None
    assert person.client.get("/panel").status_code == 200
    made = client.post("/api/admin/runtime/maintenance", json={"title": "Back"}, headers=headers)
    assert made.status_code == 201
    with site.portal.core.open_session() as session:
        assert list(chain.verify(session))[-1].first_bad_seq is None
        assert "Lost?" not in str([row.detail for row in search.search(session)[0]])


def test_before_the_first_picture_the_page_says_so(build: Build):
    site = build()
    shutil.move(site.settings.data_dir / "portal.db", site.settings.data_dir / "gone.db")
    client = site.client()
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "cannot reach its database" in page.get_data(as_text=True)
    assert client.get("/health/startup").status_code == 503
    shutil.move(site.settings.data_dir / "gone.db", site.settings.data_dir / "portal.db")
    site.portal.board.refresh()
    assert client.get("/").status_code == 200
