"""`portal notify`: a message is rehearsed, and then sent."""

import pytest
from sqlalchemy import select

from portal.status.notices import Notice
from portal.status.templates import TemplateIn
from portal.unit_of_work import By
from tests.cli.conftest import Cli
from tests.web.pages import recorded


def template(cli: Cli) -> None:
    cli.site.portal.status.templates.save(
        By("a"), TemplateIn(name="late", title="{{what}} is late", message="It comes {{when}}.")
    )


VALUES = ("--value", "what=The mail", "--value", "when=tomorrow")


def told(cli: Cli) -> list[Notice]:
    with cli.site.portal.core.open_session() as session:
        return list(session.scalars(select(Notice)))


def test_a_message_is_rehearsed_and_then_sent(cli: Cli):
    template(cli)
    shown = cli.run("notify", "late", *VALUES, "--dry-run").output
    assert "The mail is late" in shown
    assert "0 recipients" in shown
    assert told(cli) == []
    said = cli.run("notify", "late", *VALUES).output
    assert said == "Sending to 0 recipients.\n"
    (row,) = told(cli)
    assert (row.title, row.message) == ("The mail is late", "It comes tomorrow.")
    (event,) = recorded(cli.site, "maintenance.notification.sent")
    assert event.actor == cli.actor


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("none", *VALUES), "No template is named none.", 1),
        (("late", "--value", "what=x"), "when", 1),
        (("late", "--value", "what"), "is not name=text", 2),
        (("late", *VALUES, "--component", "none"), "none", 1),
    ],
)
def test_a_message_that_cannot_be_is_not_sent(
    cli: Cli, arguments: tuple[str, ...], said: str, code: int
):
    template(cli)
    assert said in cli.run("notify", *arguments, code=code).stderr
    assert told(cli) == []
