"""The chain: whole when untouched, and the first bad event named when not."""

import pytest
from sqlalchemy import text

from portal import clock
from portal.audit import chain
from portal.audit.events import UnknownEventError
from tests.conftest import Site


def fill(site: Site, count: int = 5) -> None:
    with site.portal.open_session() as session:
        for number in range(count):
            chain.append(
                session, "account.logout", actor="ada", at=clock.now(), name=f"ada{number}"
            )
        session.commit()


def last(site: Site) -> chain.Verdict:
    with site.portal.open_session() as session:
        return list(chain.verify(session))[-1]


def test_an_untouched_chain_is_whole(either: Site):
    fill(either)
    assert last(either) == chain.Verdict(5, None)


@pytest.mark.parametrize(
    ("tampering", "bad"),
    [
        ("UPDATE audit_event SET actor = 'eve' WHERE seq = 3", 3),
        ("DELETE FROM audit_event WHERE seq = 2", 2),
        ("UPDATE audit_event SET hash = repeat('0', 64) WHERE seq = 4", 4),
    ],
)
def test_the_first_bad_event_is_named(either: Site, tampering: str, bad: int):
    fill(either)
    with either.portal.open_session() as session:
        if session.get_bind().dialect.name == "sqlite":
            tampering = tampering.replace("repeat('0', 64)", "printf('%064d', 0)")
        session.execute(text(tampering))
        session.commit()
    assert last(either).first_bad_seq == bad


def test_an_event_that_is_not_declared_is_refused(site: Site):
    with site.portal.open_session() as session, pytest.raises(UnknownEventError):
        chain.append(session, "coffee.made", actor="ada", at=clock.now())


def test_an_event_with_other_fields_is_refused(site: Site):
    with site.portal.open_session() as session, pytest.raises(UnknownEventError):
        chain.append(session, "account.logout", actor="ada", at=clock.now(), mood="good")
