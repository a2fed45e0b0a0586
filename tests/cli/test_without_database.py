"""Every command where the database, its tables or the folder are not as they should be."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from portal.cli import check
from portal.cli.command import portal
from tests.cli.conftest import Cli
from tests.ports import free_port

PASSWORD = "correct horse battery staple"
NEEDS: dict[str, tuple[str, ...]] = {
    "db forget-notices": (),
    "db reencrypt": (),
    "operator create": ("ada", "--role", "admin", "--password-stdin"),
    "operator password": ("ada", "--password-stdin"),
    "operator disable": ("ada",),
    "operator list": (),
    "token create": ("ci", "--scope", "runtime:read"),
    "token list": (),
    "token revoke": ("ci",),
    "maintenance start": ("--title", "x", "--duration", "5m"),
    "maintenance extend": ("--duration", "5m"),
    "maintenance end": (),
    "maintenance list": (),
    "announce": ("--title", "x", "--severity", "info"),
    "alert list": (),
    "alert acknowledge": ("CheckoutDown", "website"),
    "alert end": ("CheckoutDown", "website"),
    "monitor list": (),
    "monitor test": ("home",),
    "monitor pause": ("home",),
    "monitor resume": ("home",),
    "incident open": ("--title", "x", "--impact", "minor", "--message", "m"),
    "incident update": ("INC-2030-0001", "--status", "identified", "--message", "m"),
    "incident capture": ("INC-2030-0001",),
    "incident list": (),
    "incident findings": ("INC-2030-0001",),
    "incident export": ("INC-2030-0001",),
    "notify": ("operations",),
    "block add": ("203.0.113.9", "--duration", "5m", "--reason", "x"),
    "block import": ("addresses.txt", "--duration", "5m", "--reason", "x"),
    "block raise": ("203.0.113.9", "--duration", "5m"),
    "block extend": ("203.0.113.9", "--duration", "5m"),
    "block remove": ("203.0.113.9",),
    "block list": (),
    "audit verify": (),
    "audit export": ("audit.jsonl",),
    "demo": (),
}
# These go on without one, or are told apart below.
OTHERS = {
    *("serve", "worker", "check", "lifecycle status", "lifecycle drain", "lifecycle shutdown"),
    *("db upgrade", "backup", "restore", "snapshot export"),
}


def names(command: click.Command, *above: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from names(below, *above, name)
    else:
        yield " ".join(above)


def environment(how: str, folder: Path) -> dict[str, str]:
    """No file of a database, one without tables, a server that is away, and two such servers."""
    settings = {"PORTAL_DATA_DIR": str(folder)}
    if how == "no tables":
        folder.mkdir()
        sqlite3.connect(folder / "portal.db").close()
    if how == "server away":
        settings["PORTAL_DATABASE_URL"] = f"postgresql+psycopg://p@127.0.0.1:{free_port()}/p"
    if how == "cluster away":
        hosts = "&".join(f"host=127.0.0.1:{free_port()}" for _ in range(2))
        settings["PORTAL_DATABASE_URL"] = f"postgresql+psycopg://p@/p?{hosts}"
    return settings


SAID = {
    "no file": "There is no database yet; make it with: portal db upgrade",
    "no tables": "The database does not have the tables of this version. Run: portal db upgrade",
    "server away": "Look at PORTAL_DATABASE_URL. Nothing was saved.",
    "cluster away": "Look at PORTAL_DATABASE_URL. Nothing was saved.",
}


def test_every_command_is_tried_here():
    assert set(names(portal)) == set(NEEDS) | OTHERS


@pytest.mark.parametrize("how", SAID)
@pytest.mark.parametrize("command", NEEDS)
def test_a_command_that_needs_the_database_says_what_is_wrong_in_a_sentence(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, how: str
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "addresses.txt").write_text("203.0.113.9\n")
    settings = environment(how, tmp_path / "other")
    arguments = (*command.split(), *NEEDS[command])
    refused = cli.run(*arguments, code=1, text=PASSWORD, **settings)
    (line,) = re.findall(r"^portal: .*$", refused.stderr, re.MULTILINE)
    assert line.endswith(SAID[how]), line
    assert "Traceback" not in refused.output


@pytest.mark.parametrize("how", SAID)
def test_a_check_says_it_and_goes_on_with_the_rest(cli: Cli, tmp_path: Path, how: str):
    done = cli.run("check", code=1, **environment(how, tmp_path / "other"))
    assert "portal serve: does not run here" in done.output
    assert {
        "no file": "database: fail (is not there; make it with: portal db upgrade)",
        "no tables": "migrations: fail (not at head; run: portal db upgrade)",
        "server away": "database: fail (does not answer (OperationalError))",
        "cluster away": "database: fail (does not answer (OperationalError))",
    }[how] in done.output
    assert "environment: test" in done.output


@pytest.mark.parametrize("how", ["server away", "cluster away"])
def test_an_upgrade_of_what_is_away_is_a_sentence(cli: Cli, tmp_path: Path, how: str):
    refused = cli.run("db", "upgrade", code=1, **environment(how, tmp_path / "other"))
    assert refused.stderr.strip().endswith(SAID[how])


@pytest.mark.parametrize("command", ["check", "operator list", "db upgrade", "lifecycle drain"])
def test_a_folder_that_cannot_be_written_is_a_sentence(cli: Cli, tmp_path: Path, command: str):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    refused = cli.run(*command.split(), code=1, PORTAL_DATA_DIR=str(folder))
    assert refused.stderr == f"portal: {folder}: Not a directory.\n"


def test_a_check_asks_redis(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    url = f"redis://127.0.0.1:{free_port()}/0"
    said = cli.run("check", PORTAL_REDIS_URL=url).output
    assert "redis: warn (does not answer; each process limits by itself)" in said

    class Storage:
        def check(self) -> bool:
            return True

    asked: list[Any] = []

    def storage(url: str, **options: float) -> Storage:
        asked.append((url, options))
        return Storage()

    monkeypatch.setattr(check, "storage_from_string", storage)
    assert "redis: pass\n" in cli.run("check", PORTAL_REDIS_URL=url).output
    assert asked == [(url, {"socket_connect_timeout": 1.0, "socket_timeout": 1.0})]
