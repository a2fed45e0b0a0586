"""Secrets of the database under another key: what they stand under, and `portal db reencrypt`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import ciphers, clock
from portal.audit import chain
from portal.cli import application
from portal.monitors import credentials
from portal.monitors.monitor import Monitor
from portal.notify import renewal
from portal.notify.subscribers import Subscriber
from portal.rooms import Portal
from portal.store import engine
from portal.store.errors import retried

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
    portal, unreadable = application.portal(), list[str]()
    monitors = _renew_all(portal, Monitor, Monitor.credentials, _monitor, unreadable)
    channels = _renew_all(portal, Subscriber, Subscriber.sealed, _channel, unreadable)
    click.echo(
        f"Encrypted anew: credentials of {monitors} monitors, addresses of {channels} channels."
    )
    _name(unreadable)
    if unreadable:
        raise SystemExit(1)


def _monitor(portal: Portal, _: Session, row: Monitor) -> bool:
    before = row.credentials or ""
    row.credentials = portal.monitors.credentials.renewed(before)
    return row.credentials != before


def _channel(portal: Portal, session: Session, row: Subscriber) -> bool:
    addresses, actor = portal.notify.addresses, application.actor()
    return renewal.renew(session, row, addresses, actor=actor, now=clock.now())


def _renew_all(
    portal: Portal, kind: Any, stored: Any, renew: Callable[..., bool], unreadable: list[str]
) -> int:
    """How many rows were encrypted anew; adds the names of those that cannot be read."""
    count, last = 0, 0
    while True:
        renewed, found, named = _renew_some(portal, kind, stored, renew, last)
        if found is None:
            return count
        count, last = count + renewed, found
        unreadable += named


@retried
def _renew_some(
    portal: Portal, kind: Any, stored: Any, renew: Callable[..., bool], behind: int
) -> tuple[int, int | None, list[str]]:
    """Some hundreds in a transaction with its audit event; acts wait for it, and it for them.

    How many were encrypted anew, the last number that was looked at, and what cannot be read.
    """
    count, last, unreadable = 0, None, []
    with portal.core.open_session() as session:
        engine.begin_write(session)
        chain.lock(session)
        rows = session.scalars(
            select(kind)
            .where(stored.is_not(None), kind.id > behind)
            .order_by(kind.id)
            .limit(_AT_ONCE)
            .with_for_update()
        ).all()
        for row in rows:
            last = row.id
            try:
                count += renew(portal, session, row)
            except _UNREADABLE:
                unreadable.append(_named(row))
        if count:
            chain.append(
                session,
                "runtime.secrets.reencrypted",
                actor=application.actor(),
                at=clock.now(),
                monitors=count if kind is Monitor else 0,
                channels=count if kind is Subscriber else 0,
            )
        session.commit()
    return count, last, unreadable


def _named(row: Monitor | Subscriber) -> str:
    return f"monitor {row.slug}" if isinstance(row, Monitor) else f"channel {row.address}"


def _having(name: Any, stored: Any) -> Any:
    return select(name, stored).where(stored.is_not(None)).order_by(name)
