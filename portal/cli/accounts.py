"""`portal operator` and `portal token`."""

import sys

import click

from portal import clock
from portal.accounts import operators, passwords, sessions, throttle, tokens
from portal.accounts.operators import AccountError
from portal.accounts.passwords import WeakPasswordError
from portal.accounts.roles import Role, Scope
from portal.audit import chain
from portal.cli import application
from portal.store import engine


@click.group()
def operator() -> None:
    """Manage the operators who can sign in to the panel."""


@operator.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--password-stdin", is_flag=True, help="read the password from standard input")
def create_operator(name: str, role: str, password_stdin: bool) -> None:
    """Add an operator."""
    password = _password(password_stdin)
    with application.portal().core.open_session() as session:
        engine.begin_write(session)
        try:
            operators.create(
                session,
                name,
                password=password,
                role=Role(role),
                actor=application.actor(),
                at=clock.now(),
            )
        except (AccountError, WeakPasswordError) as error:
            application.stop(str(error))
        session.commit()
    click.echo(f"{name} can now sign in as {role}.")


@operator.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="read the password from standard input")
def change_password(name: str, password_stdin: bool) -> None:
    """Set an operator's password. Ends all of their sessions."""
    password = _password(password_stdin)
    with application.portal().core.open_session() as session:
        engine.begin_write(session)
        row = operators.find(session, name)
        if row is None:
            application.stop(f"No operator is named {name}.")
        try:
            row.password_hash = passwords.hash_password(password)
        except WeakPasswordError as error:
            application.stop(str(error))
        sessions.end_all_of(session, row.id)
        throttle.forget(session, account=row.name)
        chain.append(
            session,
            "account.password.changed",
            actor=application.actor(),
            at=clock.now(),
            name=row.name,
        )
        session.commit()
    click.echo(f"{name} has a new password.")


@operator.command("disable")
@click.argument("name")
def disable_operator(name: str) -> None:
    """Disable an operator and end all of their sessions."""
    with application.portal().core.open_session() as session:
        engine.begin_write(session)
        row = operators.find(session, name)
        if row is None:
            application.stop(f"No operator is named {name}.")
        row.disabled_at = row.disabled_at or clock.now()
        sessions.end_all_of(session, row.id)
        chain.append(
            session,
            "account.operator.disabled",
            actor=application.actor(),
            at=clock.now(),
            name=row.name,
        )
        session.commit()
    click.echo(f"{name} is disabled.")


@operator.command("list")
def list_operators() -> None:
    """List operators with role and state."""
    with application.portal().core.open_session() as session:
        for row in operators.listed(session):
            click.echo(f"{row.name}\t{row.role}\t{'active' if row.is_active else 'disabled'}")


@click.group()
def token() -> None:
    """Manage API tokens."""


@token.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
)
@click.option("--days", type=int, default=90, show_default=True)
def create_token(name: str, scopes: tuple[str, ...], days: int) -> None:
    """Create a token and print it. It is never shown again."""
    with application.portal().core.open_session() as session:
        engine.begin_write(session)
        try:
            text = tokens.create(
                session,
                name,
                scopes=[Scope(scope) for scope in scopes],
                days=days,
                actor=application.actor(),
                at=clock.now(),
            )
        except AccountError as error:
            application.stop(str(error))
        session.commit()
    click.echo(text)


@token.command("list")
def list_tokens() -> None:
    """List tokens with their scopes and expiry. The secret is never shown."""
    now = clock.now()
    with application.portal().core.open_session() as session:
        for row in tokens.listed(session):
            state = "valid" if row.is_valid(now) else "ended"
            click.echo(f"{row.name}\t{state}\t{clock.iso(row.expires_at)}\t{' '.join(row.scopes)}")


@token.command("revoke")
@click.argument("name")
def revoke_token(name: str) -> None:
    """Revoke a token at once."""
    with application.portal().core.open_session() as session:
        engine.begin_write(session)
        try:
            tokens.revoke(session, name, actor=application.actor(), at=clock.now())
        except AccountError as error:
            application.stop(str(error))
        session.commit()
    click.echo(f"{name} is revoked.")


def _password(is_from_stdin: bool) -> str:
    if is_from_stdin:
        return sys.stdin.readline().rstrip("\n")
    prompted: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return prompted
