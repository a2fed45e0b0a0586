"""Signing in with a name and a password: counted first, then looked at, and always on record."""

import hmac
import math
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from portal.accounts import operators, passwords, throttle
from portal.accounts.operators import Operator
from portal.audit import chain
from portal.store.revision import transaction


class TooManyTriesError(Exception):
    """This try was not looked at; `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many tries")
        self.seconds = seconds


def sign_in(
    open_session: Callable[[], Session],
    name: str,
    password: str,
    *,
    client: str,
    place: str,
    secret_key: str,
    now: datetime,
) -> Operator | None:
    """The operator, or None for a wrong name or password; TooManyTriesError.

    `client` is the address for the audit log, `place` the one that tries are counted by.
    """
    with open_session() as session:
        session.expire_on_commit = False
        row = operators.find(session, name)
        session.expunge_all()
    # Somebody may have typed a password into the field for the name.
    account = row.name if row is not None else f"unknown {_hashed(name, secret_key)}"
    where: throttle.Where = {"account": account, "address": place, "now": now}
    with transaction(open_session) as (session, _):
        counted = throttle.count(session, **where)
    with open_session() as session:
        wait = throttle.wait(session, **where)
    if wait is not None:
        with transaction(open_session) as (session, _):
            session.delete(counted)
        raise TooManyTriesError(max(1, math.ceil(wait.total_seconds())))
    is_known = row is not None and row.is_active
    is_right = passwords.is_right(row.password_hash if row and is_known else None, password)
    seen = {"name": account, "address": client}
    with transaction(open_session) as (session, _):
        if is_right:
            throttle.succeed(session, **where)
            chain.append(session, "account.login.succeeded", actor=account, at=now, **seen)
        else:
            reason = "wrong name or password"
            chain.append(
                session, "account.login.refused", actor="anonymous", at=now, reason=reason, **seen
            )
    return row if is_right else None


def _hashed(name: str, secret_key: str) -> str:
    return hmac.new(secret_key.encode(), name.encode(), "sha256").hexdigest()[:16]
