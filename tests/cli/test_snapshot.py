"""`portal snapshot`."""

import csv
import hashlib
import json
from pathlib import Path

from tests.cli.conftest import Cli
from tests.web.pages import recorded


def test_a_snapshot_goes_to_standard_output_and_its_hash_beside_it(cli: Cli):
    done = cli.run("snapshot", "export")
    digest = hashlib.sha256(done.stdout_bytes).hexdigest()
    assert done.stderr == f"sha256 {digest}\n"
    (event,) = recorded(cli.site, "runtime.snapshot.exported")
    assert (event.actor, event.detail["sha256"]) == (cli.actor, digest)
    assert json.loads(done.stdout)["id"] == event.detail["snapshot"]


def test_a_snapshot_goes_into_a_file_as_a_table(cli: Cli, tmp_path: Path):
    target = tmp_path / "now.csv"
    done = cli.run("snapshot", "export", "--format", "csv", "--output", str(target))
    assert done.stdout == ""
    rows = dict(csv.reader(target.read_text().splitlines()))
    assert rows["path"] == "value"
    assert rows["databasePool.engine"] == "sqlite"
    assert hashlib.sha256(target.read_bytes()).hexdigest() in done.stderr


def test_a_format_must_be_one(cli: Cli):
    cli.run("snapshot", "export", "--format", "pdf", code=2)
    assert recorded(cli.site, "runtime.snapshot") == []
