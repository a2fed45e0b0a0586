"""Events in files that stand by themselves: written, and found out when altered."""

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from portal.audit import segments
from portal.audit.chain import Verdict
from tests.audit.log import checked, record, refuse


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
