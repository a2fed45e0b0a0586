"""The `portal` command itself: its help, its version, and settings that are wrong."""

import pytest

from portal import VERSION
from portal.cli import command
from portal.settings import table
from tests.cli.conftest import Cli


def test_the_help_lists_every_setting(cli: Cli):
    said = "".join(cli.run("--help").output.split())
    for row in table():
        assert row.variable in said, row.variable
    assert cli.run("--version").output.strip().endswith(VERSION)


def test_wrong_settings_are_sentences_and_end_with_2(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name, value in cli.environ.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PORTAL_RATE_LIMIT", "many")
    monkeypatch.setenv("PORTAL_RATELIMIT", "300/minute")
    monkeypatch.setattr("sys.argv", ["portal", "check"])
    monkeypatch.setattr(command.logs, "configure", lambda: None)
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "portal: PORTAL_RATELIMIT is not a setting" in said
    assert "PORTAL_RATE_LIMIT" in said
