"""Addresses of people in the log: a pseudonym in what is hashed, the address itself beside it.

The pseudonym is a digest under a salt of its month. When address and salt are removed after some
days, the chain stays whole, events of one month can still be told apart by their pseudonyms, and
nobody can find the address by trying them all.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from ipaddress import ip_network

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.store.base import Base

# Fields of events that can hold an address; other texts in them stay as they are.
FIELDS = ("address", "value")
_MARK = "addr-"


class Address(Base):
    """The address that a field of an event stands for."""

    __tablename__ = "audit_address"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(200))


class Salt(Base):
    """What the pseudonyms of a month, such as `2030-06`, are made with."""

    __tablename__ = "audit_salt"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))


def hide(
    session: Session, detail: dict[str, object], *, seq: int, at: datetime
) -> dict[str, object]:
    """`detail` with pseudonyms for its addresses, which are kept beside the event."""
    found = {name: str(detail[name]) for name in FIELDS if _is_address(detail.get(name))}
    if not found:
        return detail
    month = _month(at)
    row = session.get(Salt, month)
    if row is None:
        row = Salt(month=month, salt=secrets.token_hex(32))
        session.add(row)
    for name, address in found.items():
        session.add(Address(seq=seq, field=name, at=at, address=address))
    return detail | {name: _pseudonym(row.salt, address) for name, address in found.items()}


def known(session: Session, seqs: list[int]) -> dict[int, dict[str, str]]:
    """The addresses that are still there, by event and field."""
    found: dict[int, dict[str, str]] = {}
    for row in session.scalars(select(Address).where(Address.seq.in_(seqs))):
        found.setdefault(row.seq, {})[row.field] = row.address
    return found


def salts(session: Session) -> dict[str, str]:
    """All salts that are still there, by month."""
    return {row.month: row.salt for row in session.scalars(select(Salt))}


def is_true(salts: dict[str, str], at: datetime, pseudonym: object, address: str) -> bool:
    """Whether an address is the one that its event was recorded with."""
    salt = salts.get(_month(at))
    return salt is not None and _pseudonym(salt, address) == pseudonym


def forget(session: Session, *, now: datetime, after: timedelta) -> int:
    """Remove addresses older than `after`, and salts that no address needs; how many addresses."""
    gone = session.execute(delete(Address).where(Address.at <= now - after))
    session.execute(delete(Salt).where(Salt.month < _month(now - after)))
    return int(getattr(gone, "rowcount", 0))


def _pseudonym(salt: str, address: str) -> str:
    return _MARK + hashlib.sha256(f"{salt}{address}".encode()).hexdigest()[:20]


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        ip_network(value, strict=False)
    except ValueError:
        return False
    return True
