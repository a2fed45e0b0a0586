"""`portal backup`, `portal restore` and `portal db`."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.lifecycle import serving
from portal.notify.outbox import Delivery
from portal.status.incidents import ImpactLevel, Incident, IncidentIn
from portal.status.notices import Notice
from portal.unit_of_work import By
from tests.cli.conftest import Cli
from tests.web.pages import recorded


def open_one(cli: Cli, title: str) -> None:
    cli.site.portal.status.incidents.open(
        By("a"), IncidentIn(title=title, impact=ImpactLevel.MINOR, message="We look.")
    )


def titles(cli: Cli) -> list[str]:
    cli.site.portal.core.engine.dispose()
    with cli.site.portal.core.open_session() as session:
        return list(session.scalars(select(Incident.title).order_by(Incident.id)))


def test_a_copy_comes_back_with_the_gap_on_record(cli: Cli, tmp_path: Path):
    target = tmp_path / "copy.db"
    open_one(cli, "Before")
    said = cli.run("backup", str(target)).output
    assert said.startswith(f"{target} holds the database of 2030-06-03T12:00:00")
    assert target.stat().st_mode & 0o777 == 0o600
    open_one(cli, "After")
    done = cli.run("restore", str(target)).output
    assert "The audit log records the gap" in done
    assert titles(cli) == ["Before"]
    (event,) = recorded(cli.site, "runtime.restored")
    assert (event.actor, event.detail["file"], event.detail["last_seq"]) == (
        cli.actor,
        "copy.db",
        1,
    )
    kept = Path(done.split("The old database is ")[1].strip().rstrip("."))
    with sqlite3.connect(kept) as old:
        assert old.execute("SELECT count(*) FROM incident").fetchone() == (2,)
    old.close()
    with cli.site.portal.core.open_session() as session:
        assert [one.addressed_at is None for one in session.scalars(select(Notice))] == [False]


def test_a_copy_is_never_written_over_a_file(cli: Cli, tmp_path: Path):
    target = tmp_path / "copy.db"
    target.write_text("mine")
    assert "Choose another name" in cli.run("backup", str(target), code=1).stderr
    assert target.read_text() == "mine"


def test_without_a_database_there_is_nothing_to_copy(cli: Cli, tmp_path: Path):
    refused = cli.run("backup", str(tmp_path / "copy.db"), code=1, PORTAL_DATA_DIR=str(tmp_path))
    assert "There is no database yet" in refused.stderr
    assert not (tmp_path / "copy.db").exists()


def test_a_copy_that_fails_leaves_nothing_behind(cli: Cli, tmp_path: Path):
    target = tmp_path / "nowhere" / "copy.db"
    assert "The copy failed" in cli.run("backup", str(target), code=1).stderr
    assert not target.parent.exists()


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_what_is_no_backup_is_refused_and_nothing_changes(cli: Cli, tmp_path: Path, content: bytes):
    open_one(cli, "Kept")
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(content)
    assert "is not a backup of a portal" in cli.run("restore", str(wrong), code=1).stderr
    assert titles(cli) == ["Kept"]


def test_beside_a_running_portal_nothing_is_put_back(cli: Cli, tmp_path: Path):
    target = tmp_path / "copy.db"
    cli.run("backup", str(target))
    open_one(cli, "Kept")
    with serving.alone(cli.site.settings.data_dir, serving.SERVE):
        refused = cli.run("restore", str(target), code=1).stderr
    assert "Stop it first (`portal lifecycle shutdown`)" in refused
    assert titles(cli) == ["Kept"]


def test_for_postgresql_its_own_tools_are_named(cli: Cli, tmp_path: Path):
    url = "postgresql+psycopg://portal@db.example.com/portal"
    for command in ("backup", "restore"):
        target = tmp_path / "copy.db"
        target.unlink(missing_ok=True)
        if command == "restore":
            target.touch()
        refused = cli.run(command, str(target), code=1, PORTAL_DATABASE_URL=url)
        assert "use pg_dump and pg_restore" in refused.stderr


def test_what_waits_is_not_sent_after_it_was_forgotten(cli: Cli):
    open_one(cli, "Yesterday's news")
    said = cli.run("db", "forget-notices").output
    assert said == "0 pending deliveries were dropped. Nothing will be sent for them.\n"
    with cli.site.portal.core.open_session() as session:
        assert all(one.addressed_at is not None for one in session.scalars(select(Notice)))
        assert session.scalars(select(Delivery)).all() == []


def test_the_tables_are_brought_up_to_this_version(cli: Cli, tmp_path: Path):
    folder = tmp_path / "fresh"
    done = cli.run("db", "upgrade", PORTAL_DATA_DIR=str(folder))
    assert done.output == "The database is up to date.\n"
    with sqlite3.connect(folder / "portal.db") as made:
        assert made.execute("SELECT count(*) FROM incident").fetchone() == (0,)
    made.close()
    # Once more it is up to date still.
    cli.run("db", "upgrade", PORTAL_DATA_DIR=str(folder))
