"""`portal block`: the perimeter without the web."""

from datetime import timedelta
from pathlib import Path

import pytest

from portal.guard import blocks
from portal.guard.blocks import Block
from tests.cli.conftest import Cli
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.web.pages import recorded

CLIENT = "203.0.113.7"


def add(cli: Cli, value: str = CLIENT, *more: str, code: int = 0) -> str:
    arguments = ("block", "add", value, "--duration", "1h", "--reason", "Scans", *more)
    result = cli.run(*arguments, code=code)
    return result.output


def stored(cli: Cli) -> list[Block]:
    with cli.site.portal.core.open_session() as session:
        rows, _ = blocks.page(session, now=NOW, only_active=False, limit=99, offset=0)
    return rows


def test_an_address_is_blocked_from_the_command_line(cli: Cli):
    said = add(cli)
    (row,) = stored(cli)
    assert said.startswith(f"{CLIENT} is blocked until 2030-06-03T13:00:00Z ({row.id})")
    assert (row.source, row.created_by, row.kind) == ("manual", cli.actor, "ban")
    cli.site.portal.guard.perimeter.refresh()
    answer = cli.site.client().get("/api/status", environ_base={"REMOTE_ADDR": CLIENT})
    assert answer.status_code == 403
    assert [one.actor for one in recorded(cli.site, "perimeter.block.created")] == [cli.actor]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "value: Write an IP address"),
        (("203.0.113.0/24",), "value: This is a range"),
        (("evil.example", "--scope", "origin"), "value: Write an origin such as"),
        (("127.0.0.1",), "force"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(cli: Cli, arguments: tuple[str, ...], said: str):
    assert said in add(cli, *arguments, code=1)
    assert stored(cli) == []


def test_a_duration_must_be_one(cli: Cli):
    refused = cli.run("block", "add", CLIENT, "--duration", "soon", "--reason", "x", code=1)
    assert "duration" in refused.stderr
    assert stored(cli) == []


def test_the_same_is_blocked_once_and_the_other_is_named(cli: Cli):
    add(cli)
    (row,) = stored(cli)
    assert f"{CLIENT} is already blocked by {row.id}. Extend or raise that block." in add(
        cli, code=1
    )


def test_a_block_is_put_off_raised_and_lifted_by_its_value(cli: Cli):
    add(cli, CLIENT, "--kind", "throttle")
    cli.run("block", "extend", CLIENT, "--duration", "30m", "--reason", "Still there")
    assert stored(cli)[0].until == NOW + timedelta(minutes=90)
    raised = cli.run(
        "block", "raise", CLIENT, "--duration", "24h", "--kind", "ban", "--range", "203.0.113.0/28"
    )
    assert "203.0.113.0/28 is blocked until" in raised.output
    (row,) = stored(cli)
    assert (row.kind, row.scope, row.until) == ("ban", "range", NOW + timedelta(hours=24))
    lifted = cli.run("block", "remove", row.id, "--reason", "A mistake")
    assert lifted.output == "203.0.113.0/28 is no longer blocked.\n"
    assert stored(cli)[0].removed_at == NOW
    reasons = [one.detail["reason"] for one in recorded(cli.site, "perimeter.block")]
    assert reasons == ["A mistake", "", "Still there", "Scans"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("extend", CLIENT, "--duration", "1h"),
        ("raise", CLIENT, "--duration", "1h"),
        ("remove", CLIENT),
    ],
)
def test_what_is_not_there_is_a_sentence(cli: Cli, arguments: tuple[str, ...]):
    refused = cli.run("block", *arguments, code=1)
    assert "No block has that id or value." in refused.stderr


def test_raising_never_makes_weaker(cli: Cli):
    add(cli)
    refused = cli.run("block", "raise", CLIENT, "--duration", "1h", "--kind", "throttle", code=1)
    assert "kind: Raise cannot make a block weaker." in refused.stderr
    assert stored(cli)[0].version == 1


def test_a_file_of_values_is_blocked_and_what_was_is_left_as_it_is(cli: Cli, tmp_path: Path):
    add(cli)
    source = tmp_path / "list.txt"
    source.write_text(f"# known scanners\n{CLIENT}\n203.0.113.8\n\n  203.0.113.9  \n")
    done = cli.run("block", "import", str(source), "--duration", "7d", "--reason", "From a list")
    assert "2 blocked, 1 already blocked." in done.output
    sources = {row.value: row.source for row in stored(cli)}
    assert sources == {CLIENT: "manual", "203.0.113.8": "import", "203.0.113.9": "import"}


def test_a_line_that_is_no_address_ends_the_import_with_a_sentence(cli: Cli, tmp_path: Path):
    source = tmp_path / "list.txt"
    source.write_text("203.0.113.8\nnonsense\n203.0.113.9\n")
    refused = cli.run(
        "block", "import", str(source), "--duration", "7d", "--reason", "From a list", code=1
    )
    assert "value: Write an IP address" in refused.stderr
    # What came before it stays, and the same file can be given again.
    assert [row.value for row in stored(cli)] == ["203.0.113.8"]


def test_the_list_has_what_is_in_force_and_with_all_the_rest(cli: Cli, still: StandingClock):
    add(cli)
    still.advance(hours=2)
    add(cli, "203.0.113.8")
    listed = cli.run("block", "list").output.splitlines()
    assert [one.split("\t")[2] for one in listed] == ["203.0.113.8"]
    assert listed[0].split("\t")[-1] == "Scans"
    every = cli.run("block", "list", "--all").output.splitlines()
    assert [one.split("\t")[2] for one in every] == ["203.0.113.8", CLIENT]
