"""`portal announce`: published now, for whom, and until when."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.status.announcements import Announcement
from portal.status.terms import Status
from tests.cli.conftest import Cli
from tests.instants import NOW
from tests.web.pages import recorded


def test_an_announcement_is_published_now(cli: Cli):
    said = cli.run(
        "announce",
        "--title",
        "New terms",
        "--severity",
        "security",
        "--duration",
        "2h",
        "--message",
        "Read **them**.",
        "--channel",
        "web",
        "--channel",
        "email",
    ).output
    assert said == "new-terms is published.\n"
    with cli.site.portal.core.open_session() as session:
        (row,) = session.scalars(select(Announcement))
    assert row.status_at(NOW) is Status.ACTIVE
    assert (row.severity, row.channels) == ("security", ["web", "email"])
    assert row.ends_at == NOW + timedelta(hours=2)
    assert "New terms" in cli.site.client().get("/").text


def test_without_a_duration_it_has_no_end_and_not_everyone_sees_it(cli: Cli):
    cli.run("announce", "--title", "For us", "--severity", "info", "--audience", "operations")
    with cli.site.portal.core.open_session() as session:
        (row,) = session.scalars(select(Announcement))
    assert (row.ends_at, row.audiences) == (None, ["operations"])
    assert "For us" not in cli.site.client().get("/").text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--title", "", "--severity", "info"), 1),
        (("--title", "x", "--severity", "loud"), 2),
        (("--title", "x", "--severity", "info", "--audience", "everyone"), 2),
        (("--title", "x", "--severity", "info", "--channel", "pigeon"), 2),
        (("--title", "x", "--severity", "info", "--duration", "soon"), 2),
    ],
)
def test_an_announcement_that_cannot_be_tells_nobody(
    cli: Cli, arguments: tuple[str, ...], code: int
):
    cli.run("announce", *arguments, code=code)
    assert recorded(cli.site, "announcement") == []
