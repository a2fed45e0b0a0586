"""A start without the database: the last picture is shown, and tables follow later."""

from pathlib import Path

import pytest

from tests.faults.invariants import holds, is_back, quick
from tests.faults.network import Cable
from tests.faults.servers import Postgres
from tests.patience import until
from tests.processes import Served

pytestmark = pytest.mark.process
MAINTENANCE = "/api/admin/runtime/maintenance"


@pytest.mark.fault(1)
@pytest.mark.slow
def test_a_start_without_the_database_shows_the_last_picture(own: Postgres, tmp_path: Path):
    with Cable(own.socket_path) as cable:
        url = own.through(cable.port)
        served = Served(tmp_path / "data", "--workers", "2", PORTAL_DATABASE_URL=url)
        with served:
            served.run("maintenance", "start", "--title", "Long work", "--duration", "2h")
            until(lambda: "Long work" in served.get("/").text, what="the banner")
            until(
                lambda: b"Long work" in (served.folder / "board.json").read_bytes(), what="the copy"
            )
        cable.pull_out()
        with served:
            assert quick(served, "/health/live").status == 200
            assert served.get("/health/startup").status == 503
            assert served.get("/health/ready").status == 503
            page = quick(served, "/")
            assert page.status == 200
            assert "Long work" in page.text
            assert "last confirmed at" in page.text
            assert '"staleSince": null' not in quick(served, "/api/status").text
            write = served.post(MAINTENANCE, {"title": "x"}, Authorization="Bearer x")
            assert write.status == 503
            assert served.process is not None
            assert served.process.poll() is None
            cable.plug_in()
            holds(served)
            until(lambda: "last confirmed at" not in served.get("/").text)
            until(lambda: is_back(served), what="the database's return in the log")


@pytest.mark.fault(1)
def test_a_first_start_without_the_database_migrates_when_it_comes(own: Postgres, tmp_path: Path):
    with Cable(own.socket_path) as cable:
        cable.pull_out()
        url = own.through(cable.port)
        with Served(tmp_path / "data", PORTAL_DATABASE_URL=url) as served:
            page = served.get("/", Accept="text/html")
            assert page.status == 503
            assert "cannot reach its database" in page.text
            assert "first-run" not in served.output
            cable.plug_in()
            holds(served)
            assert "/panel/first-run/" in served.output
