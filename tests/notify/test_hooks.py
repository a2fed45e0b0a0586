"""Webhooks of operators: told at once, each with its key."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.chain import AuditEvent
from portal.errors import RuleError
from tests.instants import NOW
from tests.notify.subscribing import hook, with_components


@pytest.fixture
def session(session: Session) -> Session:
    return with_components(session)


def test_a_webhook_is_told_at_once_and_its_key_is_its_own(session: Session):
    row = hook(session, topics=["incidents"], components=["inside"])
    assert (row.kind, row.confirmed_at, row.components) == ("webhook", NOW, ["inside"])
    other = hook(session, "https://hooks.example.com/y")
    assert len(row.secret) == 48
    assert row.secret != other.secret
    event = session.scalars(select(AuditEvent)).first()
    assert event is not None
    assert event.detail == {"subscriber": row.id, "host": "hooks.example.com"}


@pytest.mark.parametrize(
    ("url", "values", "field"),
    [
        ("ftp://hooks.example.com/", {}, "url"),
        ("https://hooks.example.com/x", {}, "url"),
        ("https://hooks.example.com/y", {"components": ["nothing"]}, "components"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(session: Session, url, values, field):
    hook(session)
    with pytest.raises(RuleError) as caught:
        hook(session, url, **values)
    assert caught.value.field == field
