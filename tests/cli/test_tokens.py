"""`portal token`: printed alone, and revoked at once."""

from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Scope
from tests.cli.conftest import Cli
from tests.clocks import StandingClock
from tests.web.pages import recorded


def test_a_token_is_printed_alone_and_works(cli: Cli, still: StandingClock):
    made = cli.run("token", "create", "ci", "--scope", Scope.RUNTIME_READ.value, "--days", "2")
    text = made.stdout.strip()
    assert made.stdout == f"{text}\n"
    headers = {"Authorization": f"Bearer {text}"}
    path = "/api/admin/runtime/workers"
    assert cli.site.client().get(path, headers=headers).status_code == 200
    listed = cli.run("token", "list").output
    end = clock.iso(still.now() + timedelta(days=2))
    assert listed == f"ci\tvalid\t{end}\truntime:read\n"
    assert text not in listed
    still.advance(days=2)
    assert "ci\tended" in cli.run("token", "list").output
    assert cli.site.client().get(path, headers=headers).status_code == 401


def test_a_token_is_revoked_at_once(cli: Cli):
    text = cli.run("token", "create", "ci", "--scope", Scope.RUNTIME_READ.value).stdout.strip()
    assert "ci is revoked." in cli.run("token", "revoke", "ci").output
    answer = cli.site.client().get(
        "/api/admin/runtime/workers", headers={"Authorization": f"Bearer {text}"}
    )
    assert answer.status_code == 401
    assert [one.type for one in recorded(cli.site, "account.token")] == [
        "account.token.revoked",
        "account.token.created",
    ]
    assert {one.actor for one in recorded(cli.site, "account.token")} == {cli.actor}


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("x", "--scope", "runtime:read"), "2 to 64 characters", 1),
        (("ci", "--scope", "runtime:read"), "A token named ci already exists.", 1),
        (("new", "--scope", "runtime:read", "--days", "0"), "A token can be valid for 1 to", 1),
        (("new", "--scope", "everything"), "everything", 2),
        (("new",), "--scope", 2),
    ],
)
def test_a_token_that_cannot_be_is_a_sentence(
    cli: Cli, arguments: tuple[str, ...], said: str, code: int
):
    cli.run("token", "create", "ci", "--scope", "runtime:read")
    refused = cli.run("token", "create", *arguments, code=code)
    assert said in refused.stderr
    assert refused.stdout == ""
    assert len(recorded(cli.site, "account.token")) == 1


def test_a_token_that_is_not_there_cannot_be_revoked(cli: Cli):
    assert "No token is named ci." in cli.run("token", "revoke", "ci", code=1).stderr
