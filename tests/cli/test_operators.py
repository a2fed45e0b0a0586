"""`portal operator`: added, given a new password, and shut out."""

import pytest

from portal.accounts import operators
from portal.accounts.roles import Role
from tests.cli.conftest import Cli
from tests.people import PASSWORD, Person
from tests.web.pages import recorded

OTHER = "battery staple horse"


def person(cli: Cli, name: str) -> Person:
    return Person(cli.site.client(), name)


def create(cli: Cli, name: str = "ada", role: Role = Role.OPERATOR) -> None:
    cli.run(
        "operator", "create", name, "--role", role.value, "--password-stdin", text=f"{PASSWORD}\n"
    )


def test_an_operator_is_added_and_may_sign_in(cli: Cli):
    create(cli)
    assert person(cli, "ada").sign_in().status_code == 303
    (event,) = recorded(cli.site, "account.operator.created")
    assert event.actor == cli.actor
    assert event.detail == {"name": "ada", "role": "operator"}
    assert cli.run("operator", "list").output == "ada\toperator\tactive\n"


def test_a_password_can_be_asked_for_twice(cli: Cli):
    made = cli.run("operator", "create", "ada", "--role", "admin", text=f"{PASSWORD}\n{PASSWORD}\n")
    assert "ada can now sign in as admin." in made.output
    assert PASSWORD not in made.output


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("a", PASSWORD, "A name must have 2 to 64 characters"),
        ("ada lovelace", PASSWORD, "A name must have 2 to 64 characters"),
        ("ADA", PASSWORD, "An operator named ada already exists."),
        ("ben", "short", "A password must have"),
        ("ben", "administrator", "too easy to guess"),
    ],
)
def test_an_operator_that_cannot_be_is_a_sentence_and_nothing_stored(
    cli: Cli, name: str, password: str, said: str
):
    create(cli)
    refused = cli.run(
        "operator",
        "create",
        name,
        "--role",
        "admin",
        "--password-stdin",
        text=f"{password}\n",
        code=1,
    )
    assert said in refused.stderr
    with cli.site.portal.core.open_session() as session:
        assert [one.name for one in operators.listed(session)] == ["ada"]
    assert len(recorded(cli.site, "account.operator.created")) == 1


def test_a_role_must_be_one(cli: Cli):
    refused = cli.run("operator", "create", "ada", "--role", "king", "--password-stdin", code=2)
    assert "king" in refused.stderr


def test_a_new_password_ends_all_sessions(cli: Cli):
    create(cli)
    ada = person(cli, "ada")
    ada.sign_in()
    cli.run("operator", "password", "ada", "--password-stdin", text=f"{OTHER}\n")
    assert ada.client.get("/panel").status_code == 302
    assert person(cli, "ada").sign_in().status_code == 401
    assert person(cli, "ada").sign_in(OTHER).status_code == 303
    (event,) = recorded(cli.site, "account.password.changed")
    assert (event.actor, event.detail) == (cli.actor, {"name": "ada"})


def test_a_new_password_that_cannot_be_leaves_the_old_one(cli: Cli):
    create(cli)
    refused = cli.run("operator", "password", "ada", "--password-stdin", text="x\n", code=1)
    assert "A password must have" in refused.stderr
    missing = cli.run("operator", "password", "ben", "--password-stdin", text=f"{OTHER}\n", code=1)
    assert "No operator is named ben." in missing.stderr
    assert person(cli, "ada").sign_in().status_code == 303
    assert recorded(cli.site, "account.password") == []


def test_an_operator_is_shut_out_at_once(cli: Cli):
    create(cli)
    ada = person(cli, "ada")
    ada.sign_in()
    assert "ada is disabled." in cli.run("operator", "disable", "ada").output
    assert ada.client.get("/panel").status_code == 302
    assert person(cli, "ada").sign_in().status_code == 401
    assert "ada\toperator\tdisabled" in cli.run("operator", "list").output
    assert [one.detail for one in recorded(cli.site, "account.operator.disabled")] == [
        {"name": "ada"}
    ]
    assert "No operator is named ben" in cli.run("operator", "disable", "ben", code=1).stderr
