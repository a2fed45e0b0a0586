"""Secrets of the database under another key: what they stand under, and `portal db reencrypt`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import ciphers
from portal.audit import chain
from portal.cli import application
from portal.monitors import credentials
from portal.monitors.monitor import Monitor
from portal.notify.subscribers import Subscriber
from portal.rooms import Portal
from portal.store import engine

_AT_ONCE = 500
_MOST_NAMED = 10
_UNREADABLE = (ciphers.UnreadableError, credentials.UnreadableError)


@dataclass
class KeyUse:
    """How many secrets are of the current key and of earlier ones, and whose cannot be read."""

    current: int = 0
    earlier: int = 0
    unreadable: list[str] = field(default_factory=list)

    def count(self, name: str, is_current: Callable[[str], bool], stored: str) -> None:
        try:
            if is_current(stored):
                self.current += 1
            else:
                self.earlier += 1
        except _UNREADABLE:
            self.unreadable.append(name)


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
    is_current = portal.monitors.credentials.is_current
    with portal.core.open_session() as session:
        for slug, stored in session.execute(_having(Monitor.slug, Monitor.credentials)):
            found.count(f"monitor {slug}", is_current, stored)
        is_current = portal.notify.addresses.is_current
        for shown, stored in session.execute(_having(Subscriber.address, Subscriber.sealed)):
            found.count(f"channel {shown}", is_current, stored)
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
    unreadable: list[str] = []
    monitors = channels = 0
    for _, monitor in _each(portal, Monitor, Monitor.credentials):
        try:
            before = monitor.credentials
            monitor.credentials = portal.monitors.credentials.renewed(before)
            monitors += monitor.credentials != before
        except credentials.UnreadableError:
            unreadable.append(f"monitor {monitor.slug}")
    for session, channel in _each(portal, Subscriber, Subscriber.sealed):
        try:
            channels += portal.notify.addresses.renew(session, channel)
        except ciphers.UnreadableError:
            unreadable.append(f"channel {channel.address}")
    portal.core.audit_log.append(
        "runtime.secrets.reencrypted",
        actor=application.actor(),
        monitors=monitors,
        channels=channels,
        unreadable=len(unreadable),
    )
    click.echo(f"Encrypted anew: {monitors} of monitors, {channels} of channels.")
    _name(unreadable)
    if unreadable:
        raise SystemExit(1)


def _each(portal: Portal, kind: Any, stored: Any) -> Iterator[tuple[Session, Any]]:
    """All rows with a secret, some hundreds in a transaction; acts wait for it, and it for them."""
    last, is_more = 0, True
    while is_more:
        with portal.core.open_session() as session:
            engine.begin_write(session)
            chain.lock(session)
            rows = session.scalars(
                select(kind)
                .where(stored.is_not(None), kind.id > last)
                .order_by(kind.id)
                .limit(_AT_ONCE)
                .with_for_update()
            ).all()
            is_more = bool(rows)
            for row in rows:
                last = row.id
                yield session, row
            session.commit()


def _having(name: Any, stored: Any) -> Any:
    return select(name, stored).where(stored.is_not(None)).order_by(name)
