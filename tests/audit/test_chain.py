"""The chain: whole when untouched, and the first bad event named when not."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.audit.events import UnknownEventError
from tests.audit.segments import verdict
from tests.queries import counted
from tests.sites import Site


def fill(site: Site, count: int = 5) -> None:
    with site.portal.core.open_session() as session:
        for number in range(count):
            chain.append(
                session, "account.logout", actor="ada", at=clock.now(), name=f"ada{number}"
            )
        session.commit()


def unlock(session: Session) -> None:
    """What somebody does who owns the database and wants to change the past."""
    if session.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER audit_event_no_{act}"))
    else:
        session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_event SET actor = 'eve' WHERE seq = 3",
        "UPDATE audit_event SET seq = 9 WHERE seq = 5",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
    ],
)
def test_the_database_refuses_to_change_the_past(either: Site, tampering: str):
    fill(either)
    with either.portal.core.open_session() as session:
        if session.get_bind().dialect.name == "sqlite" and tampering.startswith("TRUNCATE"):
            pytest.skip("SQLite has no TRUNCATE")
        with pytest.raises(SQLAlchemyError, match=r"only be added to"):
            session.execute(text(tampering))
    assert verdict(either) == chain.Verdict(5, None)


def test_an_untouched_chain_is_whole(either: Site):
    fill(either)
    assert verdict(either) == chain.Verdict(5, None)


@pytest.mark.parametrize(
    ("tampering", "bad"),
    [
        ("UPDATE audit_event SET actor = 'eve' WHERE seq = 3", 3),
        ("DELETE FROM audit_event WHERE seq = 2", 2),
        (
            "INSERT INTO audit_event (seq, at, type, actor, detail, hash)"
            " SELECT 6, at, type, actor, detail, hash FROM audit_event WHERE seq = 5",
            6,
        ),
        ("UPDATE audit_event SET hash = repeat('0', 64) WHERE seq = 4", 4),
    ],
)
@pytest.mark.fault(30)
def test_the_first_bad_event_is_named(either: Site, tampering: str, bad: int):
    fill(either)
    with either.portal.core.open_session() as session:
        if session.get_bind().dialect.name == "sqlite":
            tampering = tampering.replace("repeat('0', 64)", "printf('%064d', 0)")
        unlock(session)
        session.execute(text(tampering))
        session.commit()
    assert verdict(either).first_bad_seq == bad


def test_a_transaction_takes_its_turn_once_and_the_next_one_anew(either: Site):
    is_asked = either.portal.core.engine.dialect.name == "postgresql"
    with either.portal.core.open_session() as session, counted(either) as queries:
        for turns in (1, 2):
            for number in range(3):
                chain.append(
                    session, "account.logout", actor="ada", at=clock.now(), name=f"ada{number}"
                )
            session.commit()
            asked = [one for one in queries.statements if "pg_advisory_xact_lock" in one]
            assert len(asked) == (turns if is_asked else 0)


def test_an_event_that_is_not_declared_is_refused(site: Site):
    with site.portal.core.open_session() as session, pytest.raises(UnknownEventError):
        chain.append(session, "coffee.made", actor="ada", at=clock.now())


def test_an_event_with_other_fields_is_refused(site: Site):
    with site.portal.core.open_session() as session, pytest.raises(UnknownEventError):
        chain.append(session, "account.logout", actor="ada", at=clock.now(), mood="good")
