"""Secrets of the database under another key: what they stand under, and `portal db reencrypt`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click
from sqlalchemy import select

from portal import clock
from portal.audit import chain
from portal.ciphers import UnreadableError
from portal.cli import application
from portal.monitors.monitor import Monitor
from portal.notify import renewal
from portal.notify.subscribers import Subscriber
from portal.rooms import Portal
from portal.store import engine
from portal.store.errors import retried
from portal.unit_of_work import By, Transaction

_AT_ONCE = 500
_MOST_NAMED = 10


@dataclass(frozen=True)
class _Secrets:
    """The secrets of one kind of rows: where they stand, whose they are, and what renews one."""

    row: Any
    stored: Any
    # What a row is called, after the word for its kind.
    name: Any
    word: str
    is_current: Callable[[str], bool]
    renew: Callable[[Transaction, Any], bool]


@dataclass
class KeyUse:
    """How many secrets are of the current key and of earlier ones, and whose cannot be read."""

    current: int = 0
    earlier: int = 0
    unreadable: list[str] = field(default_factory=list)


def _monitors(portal: Portal) -> _Secrets:
    credentials = portal.monitors.credentials

    def renew(_: Transaction, row: Monitor) -> bool:
        before = row.credentials or ""
        row.credentials = credentials.renewed(before)
        return row.credentials != before

    return _Secrets(
        Monitor, Monitor.credentials, Monitor.slug, "monitor", credentials.is_current, renew
    )


def _channels(portal: Portal) -> _Secrets:
    addresses = portal.notify.addresses

    def renew(tx: Transaction, row: Subscriber) -> bool:
        return renewal.renew(tx, row, addresses)

    return _Secrets(
        Subscriber, Subscriber.sealed, Subscriber.address, "channel", addresses.is_current, renew
    )


def report(portal: Portal) -> None:
    """Say under which keys secrets stand, and name those that none of them opens."""
    found = key_use(portal)
    said = f"secrets: {found.current} with the current key"
    if found.earlier:
        said += f", {found.earlier} with an earlier one; run: portal db reencrypt"
    click.echo(said)
    _name(found.unreadable)


def key_use(portal: Portal) -> KeyUse:
    """A look at the credentials of monitors and the addresses of channels; nothing is written."""
    found = KeyUse()
    with portal.core.open_session() as session:
        for one in (_monitors(portal), _channels(portal)):
            query = select(one.name, one.stored).where(one.stored.is_not(None)).order_by(one.name)
            for name, stored in session.execute(query):
                try:
                    if one.is_current(stored):
                        found.current += 1
                    else:
                        found.earlier += 1
                except UnreadableError:
                    found.unreadable.append(f"{one.word} {name}")
    return found


def _name(unreadable: list[str]) -> None:
    for one in unreadable[:_MOST_NAMED]:
        click.echo(
            f"secrets: {one} cannot be read; add the key that it was encrypted with to"
            " PORTAL_SECRET_KEY_FALLBACKS, or enter it again",
            err=True,
        )
    if len(unreadable) > _MOST_NAMED:
        click.echo(f"secrets: {len(unreadable) - _MOST_NAMED} more cannot be read", err=True)


@click.command()
def reencrypt() -> None:
    """Encrypt all secrets anew with the current PORTAL_SECRET_KEY.

    Those of earlier keys are read with PORTAL_SECRET_KEY_FALLBACKS. Exits with 1 when some of them
    cannot be read.
    """
    portal = application.portal()
    monitors, lost_monitors = _renew_all(portal, _monitors(portal))
    channels, lost_channels = _renew_all(portal, _channels(portal))
    unreadable = lost_monitors + lost_channels
    click.echo(
        f"Encrypted anew: credentials of {monitors} monitors, addresses of {channels} channels."
    )
    _name(unreadable)
    if unreadable:
        raise SystemExit(1)


def _renew_all(portal: Portal, secrets: _Secrets) -> tuple[int, list[str]]:
    """How many were encrypted anew, and whose cannot be read."""
    count, unreadable, last = 0, list[str](), 0
    while True:
        renewed, named, found = _renew_some(portal, secrets, last)
        if found is None:
            return count, unreadable
        count, unreadable, last = count + renewed, unreadable + named, found


@retried
def _renew_some(
    portal: Portal, secrets: _Secrets, behind: int
) -> tuple[int, list[str], int | None]:
    """Some hundreds in a transaction with its audit event; acts wait for it, and it for them.

    How many were encrypted anew, whose cannot be read, and the last number that was looked at.
    """
    count, unreadable, last = 0, [], None
    with portal.core.open_session() as session:
        engine.begin_write(session)
        chain.lock(session)
        tx = Transaction(session, clock.now(), By(application.actor()))
        rows = session.scalars(
            select(secrets.row)
            .where(secrets.stored.is_not(None), secrets.row.id > behind)
            .order_by(secrets.row.id)
            .limit(_AT_ONCE)
            .with_for_update()
        ).all()
        for row in rows:
            last = row.id
            try:
                count += secrets.renew(tx, row)
            except UnreadableError:
                unreadable.append(f"{secrets.word} {getattr(row, secrets.name.key)}")
        if count:
            counts = {"monitors": 0, "channels": 0, f"{secrets.word}s": count}
            tx.audit("runtime.secrets.reencrypted", **counts)
        session.commit()
    return count, unreadable, last
