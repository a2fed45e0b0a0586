"""`portal maintenance`: begun, named, extended, ended and listed."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.status.windows import Window, WindowStatus
from tests.cli.conftest import Cli
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.web.pages import recorded


def start(cli: Cli, title: str = "Failover", duration: str = "30m") -> str:
    said = cli.run("maintenance", "start", "--title", title, "--duration", duration).output
    return said.split()[0]


def stored(cli: Cli) -> list[Window]:
    with cli.site.portal.core.open_session() as session:
        return list(session.scalars(select(Window).order_by(Window.id)))


def test_a_window_begins_now_and_the_public_sees_it(cli: Cli):
    said = cli.run(
        "maintenance",
        "start",
        "--title",
        "Failover",
        "--duration",
        "30m",
        "--message",
        "Two **minutes**.",
        "--zone",
        "Europe/Berlin",
    ).output
    (row,) = stored(cli)
    assert said.startswith(f"{row.reference} runs until 2030-06-03T12:30:00")
    assert (row.zone, row.message, row.ends_at) == (
        "Europe/Berlin",
        "Two **minutes**.",
        NOW + timedelta(minutes=30),
    )
    assert "Failover" in cli.site.client().get("/").text
    (event,) = recorded(cli.site, "maintenance.window.created")
    assert event.actor == cli.actor


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("--title", "", "--duration", "30m"), "title", 1),
        (("--title", "x", "--duration", "soon"), "soon", 2),
        (("--title", "x", "--duration", "30m", "--zone", "Nowhere"), "zone", 1),
        (("--title", "x", "--duration", "400d"), "endsAt: The end can be 366 days", 1),
        (("--title", "x"), "--duration", 2),
    ],
)
def test_a_window_that_cannot_be_is_a_sentence(
    cli: Cli, arguments: tuple[str, ...], said: str, code: int
):
    assert said in cli.run("maintenance", "start", *arguments, code=code).stderr
    assert stored(cli) == []


def test_the_one_that_runs_needs_no_name(cli: Cli, still: StandingClock):
    reference = start(cli)
    said = cli.run("maintenance", "extend", "--duration", "15m").output
    assert said.startswith(f"{reference} now ends at 2030-06-03T12:45:00")
    assert cli.run("maintenance", "end").output == f"{reference} has ended.\n"
    (row,) = stored(cli)
    assert row.status_at(still.now()) is WindowStatus.ENDED
    assert row.ends_at == NOW + timedelta(minutes=45)


def test_of_several_the_window_is_named(cli: Cli):
    first, second = start(cli), start(cli, "Another", "1h")
    refused = cli.run("maintenance", "end", code=1)
    assert f"Several windows are active: {first}, {second}. Name one." in refused.stderr
    cli.run("maintenance", "end", second)
    assert [row.ended_at for row in stored(cli)] == [None, NOW]


def test_the_one_that_has_just_run_out_is_extended_without_a_name(cli: Cli, still: StandingClock):
    reference = start(cli)
    still.advance(minutes=40)
    said = cli.run("maintenance", "extend", "--duration", "15m").output
    assert said.startswith(f"{reference} now ends at 2030-06-03T12:55:00")
    still.advance(minutes=31)
    assert (
        "No window is active."
        in cli.run("maintenance", "extend", "--duration", "15m", code=1).stderr
    )
    refused = cli.run("maintenance", "extend", reference, "--duration", "15m", code=1).stderr
    assert "This one ended at 12:55 UTC. Schedule a new one." in refused
    names = [start(cli, "One", "5m"), start(cli, "Two", "5m")]
    still.advance(minutes=6)
    refused = cli.run("maintenance", "extend", "--duration", "15m", code=1).stderr
    assert f"Several windows have just ended: {', '.join(names)}. Name one." in refused
    runs = start(cli, "Runs")
    said = cli.run("maintenance", "extend", "--duration", "15m").output
    assert said.startswith(runs), "what runs comes first"


def test_without_one_that_runs_there_is_nothing_to_end(cli: Cli):
    assert "No window is active." in cli.run("maintenance", "end", code=1).stderr
    missing = cli.run("maintenance", "end", "m-nothing", code=1)
    assert "No window has that reference." in missing.stderr


@pytest.mark.parametrize("duration", ["soon", "400d"])
def test_an_extension_that_cannot_be_is_a_sentence(cli: Cli, duration: str):
    start(cli)
    assert cli.run("maintenance", "extend", "--duration", duration, code=1).stderr
    assert stored(cli)[0].ends_at == NOW + timedelta(minutes=30)


def test_the_list_says_how_each_stands(cli: Cli, still: StandingClock):
    over = start(cli, "Over", "1m")
    still.advance(minutes=5)
    runs = start(cli, "Runs")
    lines = [one.split("\t") for one in cli.run("maintenance", "list").output.splitlines()]
    assert [(one[0], one[1], one[4]) for one in lines] == [
        (runs, "active", "Runs"),
        (over, "ended", "Over"),
    ]
