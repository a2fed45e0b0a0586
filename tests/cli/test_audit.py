"""`portal audit`."""

from pathlib import Path

from sqlalchemy import text

from tests.cli.conftest import Cli


def test_the_chain_is_checked_and_the_first_bad_event_named(cli: Cli):
    for number in range(3):
        cli.site.portal.core.audit_log.append(
            "incident.noted", actor="ada", incident=f"INC-2030-000{number}"
        )
    assert cli.run("audit", "verify").stdout == "3 events; the chain is intact.\n"
    with cli.site.portal.core.engine.begin() as connection:
        for (name,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text("UPDATE audit_event SET actor = 'eve' WHERE seq = 2"))
    broken = cli.run("audit", "verify", code=1)
    assert "event 2: its content does not match its hash" in broken.stderr


def test_events_that_are_not_there_are_not_exported(cli: Cli, tmp_path: Path):
    target = tmp_path / "out.jsonl"
    refused = cli.run("audit", "export", str(target), "--from", "5", code=1)
    assert "no events with those numbers" in refused.stderr
    cli.site.portal.core.audit_log.append("incident.noted", actor="ada", incident="INC-2030-0001")
    nowhere = cli.run("audit", "export", str(tmp_path / "no" / "out.jsonl"), code=1)
    assert "cannot be written" in nowhere.stderr
    target.write_text("not a segment")
    assert str(target) in cli.run("audit", "verify", "--file", str(target), code=1).stderr


def test_the_log_is_exported_and_the_file_is_checked(cli: Cli, tmp_path: Path):
    for number in range(3):
        cli.site.portal.core.audit_log.append(
            "account.login.succeeded", actor="ada", name=f"ada{number}", address="203.0.113.9"
        )
    target = tmp_path / "out.jsonl"
    cli.run("audit", "export", str(target), "--addresses")
    assert "203.0.113.9" in target.read_text()
    again = cli.run("audit", "export", str(target), code=1)
    assert "Choose another name" in again.output
    good = cli.run("audit", "verify", "--file", str(target))
    assert "3 events; the chain is intact." in good.output
    target.write_text(target.read_text().replace('"ada1"', '"eve"'))
    bad = cli.run("audit", "verify", "--file", str(target), code=1)
    assert "event 2:" in bad.output
