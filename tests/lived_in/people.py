"""Operators, tokens and templates."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.accounts.operators import Operator
from portal.accounts.roles import Role, Scope
from portal.accounts.tokens import ApiToken
from portal.status.templates import MessageTemplate
from tests.lived_in.counts import DAYS


def add_people(session: Session, now: datetime) -> None:
    """Operators and tokens that are there, and open no door."""
    for number in range(12):
        session.add(
            Operator(
                name=f"operator{number}",
                password_hash="!",
                role=list(Role)[number % 3].value,
                created_at=now - timedelta(days=DAYS),
                disabled_at=None,
            )
        )
        session.add(
            ApiToken(
                name=f"machine{number}",
                secret_hash=f"none {number}",
                scopes=[Scope.RUNTIME_READ.value],
                created_at=now - timedelta(days=DAYS),
                expires_at=now + timedelta(days=number - 6),
                revoked_at=None,
            )
        )
        session.add(
            MessageTemplate(
                name=f"text-{number}",
                title="{{what}} is late",
                message="It comes {{when}}.",
                updated_at=now - timedelta(days=DAYS),
                version=1,
            )
        )
