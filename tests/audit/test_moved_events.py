"""What is old is moved to files, and what was taken out must be named."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import chain, segments
from portal.audit.chain import Anchor, AuditEvent, Verdict
from tests.audit.log import checked, record, verdict
from tests.instants import DAY, NOW


def test_what_is_old_is_moved_and_the_chain_goes_on(session: Session, tmp_path: Path):
    record(session, 2, at=NOW - 2 * DAY)
    record(session, 1, at=NOW - DAY)
    folder = tmp_path / "sealed"
    assert segments.seal(session, folder, before=NOW - 2 * DAY, now=NOW) is None
    made = segments.seal(session, folder, before=NOW - DAY, now=NOW)
    assert made is not None
    assert (made.first, made.last) == (1, 2)
    path = folder / "audit-000000001-000000002.jsonl"
    assert checked(path) == Verdict(2, None)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(session.scalars(select(AuditEvent.seq))) == {3, 4}
    assert chain.start(session) == chain.Start(2, made.head)
    assert verdict(session) == Verdict(2, None)
    again = segments.seal(session, folder, before=NOW, now=NOW)
    assert again is not None
    assert (again.first, again.last) == (3, 3)
    assert verdict(session) == Verdict(2, None)
    # Written from the middle of what is left, it names what stood before it.
    some = segments.write(session, tmp_path / "x", first=5)
    assert some is not None
    assert checked(tmp_path / "x") == Verdict(1, None)


@pytest.mark.parametrize(
    ("last", "head", "is_named", "why"),
    [
        (2, "a" * 64, True, "the segment that ends where the chain goes on"),
        (1, "a" * 64, False, "one that ends elsewhere"),
        (2, "b" * 64, False, "one with another hash"),
    ],
)
def test_what_was_taken_out_must_be_named(session: Session, last, head, is_named, why):
    session.add(Anchor(seq=2, hash="a" * 64, at=NOW, file="f", sha256="s"))
    chain.append(
        session,
        "audit.segment.sealed",
        actor="portal",
        at=NOW,
        first=1,
        last=last,
        head=head,
        file="f",
        sha256="s",
    )
    record(session, 1)
    found = verdict(session)
    assert (found.checked, found.first_bad_seq) == (2, None if is_named else 2), why
    assert ("no segment was recorded" in found.reason) is not is_named
