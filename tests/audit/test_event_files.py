"""Events in files that stand by themselves: written, altered, moved and taken out."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import chain, segments
from portal.audit.chain import Anchor, AuditEvent, Verdict
from tests.audit.log import checked, record, refuse, verdict
from tests.instants import DAY, NOW


@pytest.mark.parametrize(
    ("first", "last", "span"),
    [
        (None, None, (1, 5)),
        (1, 5, (1, 5)),
        (2, 3, (2, 3)),
        (5, None, (5, 5)),
        (None, 1, (1, 1)),
        (0, 99, (1, 5)),
        (6, None, None),
        (4, 3, None),
    ],
)
def test_events_are_written_to_a_file_that_stands_by_itself(
    session: Session, tmp_path: Path, first, last, span
):
    record(session, 5)
    path = tmp_path / "s.jsonl"
    made = segments.write(session, path, first=first, last=last)
    if span is None:
        assert made is None
        assert not path.exists()
        return
    assert made is not None
    assert (made.first, made.last) == span
    assert checked(path) == Verdict(span[1] - span[0] + 1, None)
    lines = [json.loads(row) for row in path.read_text().splitlines()]
    assert lines[-1] == {"head": made.head, "first": span[0], "last": span[1]}
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.jsonl"]


def test_a_long_file_is_written_in_parts(session: Session, tmp_path: Path):
    record(session, 2001)
    path = tmp_path / "s.jsonl"
    segments.write(session, path)
    assert [one.checked for one in segments.verify(path)] == [1000, 2000, 2001]
    seqs = [json.loads(row).get("seq") for row in path.read_text().splitlines()[1:-1]]
    assert seqs == list(range(1, 2002))


def test_addresses_are_written_only_when_asked_for(session: Session, tmp_path: Path):
    refuse(session, "192.0.2.1")
    record(session, 1)
    path = tmp_path / "s.jsonl"
    segments.write(session, path)
    assert "192.0.2.1" not in path.read_text()
    segments.write(session, path, with_addresses=True)
    lines = [json.loads(row) for row in path.read_text().splitlines()]
    assert lines[1]["addresses"] == {"address": "192.0.2.1"}
    assert "addresses" not in lines[2]
    assert checked(path) == Verdict(2, None)


def edited(path: Path, number: int, **values: object) -> None:
    rows = path.read_text().splitlines()
    rows[number] = json.dumps({**json.loads(rows[number]), **values})
    path.write_text("\n".join(rows) + "\n")


def test_a_file_that_was_altered_is_found(session: Session, tmp_path: Path):
    record(session, 3)
    path = tmp_path / "s.jsonl"

    def fresh() -> list[str]:
        segments.write(session, path)
        return path.read_text().splitlines()

    fresh()
    edited(path, 2, actor="eve")
    assert checked(path) == Verdict(1, 2, "its content does not match its hash")
    rows = fresh()
    path.write_text("\n".join([*rows[:2], *rows[3:]]) + "\n")
    assert checked(path) == Verdict(1, 2, "event 2 is missing")
    for left in (rows[:-1], rows[:3]):
        path.write_text("\n".join(left) + "\n")
        number = len(left)
        assert checked(path) == Verdict(
            number - 1, number, f"the segment ends before event {number}"
        )
    fresh()
    edited(path, 4, last=4)
    assert checked(path).first_bad_seq == 4
    fresh()
    edited(path, 4, head="0" * 64)
    assert checked(path).first_bad_seq == 4
    fresh()
    edited(path, 0, previous="1" * 64)
    assert checked(path) == Verdict(0, 1, "its content does not match its hash")
    for text in ("", "[]\n", "garbage\n", '{"kind": "other"}\n'):
        path.write_text(text)
        with pytest.raises(ValueError, match="not an audit log segment"):
            checked(path)


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
