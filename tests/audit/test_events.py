"""The log event by event: its fields, its chain, and how it is searched."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from portal.audit import chain, events, search
from portal.audit.chain import GENESIS, AuditEvent, Verdict
from portal.audit.events import UnknownEventError
from tests.audit.log import record, verdict
from tests.instants import DAY, NOW


@pytest.mark.unit
@pytest.mark.parametrize(
    ("detail", "is_taken"),
    [({"name": "a"}, True), ({}, False), ({"name": "a", "more": 1}, False), ({"nam": "a"}, False)],
)
def test_an_event_has_its_fields_and_no_others(detail, is_taken):
    if is_taken:
        events.check("account.logout", detail)
    else:
        with pytest.raises(UnknownEventError, match="takes"):
            events.check("account.logout", detail)
    with pytest.raises(UnknownEventError, match="not a declared"):
        events.check("account.other", detail)


def test_events_are_numbered_and_each_goes_on_from_the_last(session: Session):
    first = chain.append(session, "account.logout", actor="a", at=NOW, name="n")
    second = chain.append(session, "account.logout", actor="a", at=NOW, name="n")
    assert (first.seq, second.seq) == (1, 2)
    assert first.hash == chain._digest(GENESIS, first)
    assert second.hash == chain._digest(first.hash, second)
    assert first.hash != second.hash
    assert chain.length(session) == 2
    assert verdict(session) == Verdict(2, None)


def test_times_are_kept_to_the_millisecond_that_is_hashed(session: Session):
    at = NOW + timedelta(microseconds=123_999)
    row = chain.append(session, "account.logout", actor="a", at=at, name="n")
    assert row.at == NOW + timedelta(microseconds=123_000)


def test_an_empty_log_is_whole(session: Session):
    assert list(chain.verify(session)) == [Verdict(0, None)]
    assert chain.length(session) == 0
    assert search.search(session) == ([], 0)


@pytest.mark.parametrize(
    ("change", "checked", "bad", "reason"),
    [
        (update(AuditEvent).where(AuditEvent.seq == 2).values(actor="eve"), 1, 2, "content"),
        (update(AuditEvent).where(AuditEvent.seq == 3).values(hash="0" * 64), 2, 3, "content"),
        (delete(AuditEvent).where(AuditEvent.seq == 2), 1, 2, "event 2 is missing"),
        (delete(AuditEvent).where(AuditEvent.seq == 1), 0, 1, "event 1 is missing"),
    ],
)
def test_what_was_altered_is_found(session: Session, change, checked, bad, reason):
    record(session, 4)
    session.execute(change)
    session.expire_all()
    found = verdict(session)
    assert (found.checked, found.first_bad_seq) == (checked, bad)
    assert reason in found.reason


def test_a_verdict_is_given_every_thousand_events(session: Session):
    record(session, 1001)
    assert [one.checked for one in chain.verify(session)] == [1000, 1001, 1001]


def test_events_are_searched_by_type_actor_and_time(session: Session):
    record(session, 2, at=NOW - DAY)
    record(session, 1, at=NOW, actor="bob")
    chain.append(session, "account.token.revoked", actor="bob", at=NOW + DAY, token="t")

    def seqs(**how: object) -> tuple[list[int], int]:
        rows, total = search.search(session, **how)  # type: ignore[arg-type]
        return [row.seq for row in rows], total

    assert seqs() == ([4, 3, 2, 1], 4)
    assert seqs(limit=2, offset=1) == ([3, 2], 4)
    assert seqs(event_type="account.token") == ([4], 1)
    assert seqs(event_type="account%") == ([], 0)
    assert seqs(actor="bob") == ([4, 3], 2)
    assert seqs(since=NOW) == ([4, 3], 2)
    assert seqs(since=NOW + timedelta(seconds=1)) == ([4], 1)
