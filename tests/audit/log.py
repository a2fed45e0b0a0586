"""An audit log in a database: what a test records, refuses and finds of it."""

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from portal.audit import chain, segments
from portal.audit.chain import AuditEvent, Verdict
from tests.instants import NOW


def record(session: Session, count: int = 1, *, at: datetime = NOW, actor: str = "ada") -> None:
    for number in range(count):
        chain.append(session, "account.logout", actor=actor, at=at, name=f"n{number}")


def verdict(session: Session) -> Verdict:
    return list(chain.verify(session))[-1]


def refuse(session: Session, address: str, at: datetime = NOW) -> AuditEvent:
    return chain.append(
        session,
        "account.login.refused",
        actor="ada",
        at=at,
        name="ada",
        address=address,
        reason="password",
    )


def checked(path: Path) -> Verdict:
    return list(segments.verify(path))[-1]
