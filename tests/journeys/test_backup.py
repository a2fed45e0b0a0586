"""A copy while it runs, and the way back with the gap on record."""

from pathlib import Path

import pytest

from tests.patience import until
from tests.processes import Served

pytestmark = pytest.mark.process


@pytest.mark.fault(30)
def test_a_copy_taken_while_running_comes_back_with_the_gap_on_record(tmp_path: Path):
    copy = tmp_path / "copy.db"
    with Served(tmp_path / "data") as served:
        served.run("announce", "--title", "Before", "--severity", "info", "--duration", "1h")
        served.run("backup", str(copy))
        assert copy.stat().st_mode & 0o077 == 0
        served.run("backup", str(copy), code=1)  # never over a file that is there
        served.run("announce", "--title", "After", "--severity", "info", "--duration", "1h")
        served.run("restore", str(copy), code=1)  # not while it runs
        until(lambda: "After" in served.get("/").text, what="the announcement")
    assert "Restored" in served.run("restore", str(copy))
    assert len(list((tmp_path / "data").glob("portal.db.before-*"))) == 1
    with served:
        page = served.get("/").text
        assert "Before" in page
        assert "After" not in page
        assert "the chain is intact" in served.run("audit", "verify")
        token = served.run("token", "create", "reader", "--scope", "audit:read").strip()
        log = served.get(
            "/api/admin/runtime/audit?type=runtime.restored", Authorization=f"Bearer {token}"
        )
        assert '"file":"copy.db"' in log.text.replace(" ", "")


def test_what_is_no_backup_is_refused_and_nothing_changes(tmp_path: Path):
    served = Served(tmp_path / "data")
    served.run("db", "upgrade")
    before = (tmp_path / "data" / "portal.db").read_bytes()
    for name, content in (("text", b"not a database at all"), ("empty", b"")):
        wrong = tmp_path / name
        wrong.write_bytes(content)
        served.run("restore", str(wrong), code=1)
    assert (tmp_path / "data" / "portal.db").read_bytes() == before
    served.environ["PORTAL_DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    served.run("backup", str(tmp_path / "copy"), code=1)
