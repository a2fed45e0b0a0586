"""Events that wait outside the database: kept, counted, chained and taken in."""

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from portal.audit import chain, search, spool
from portal.audit.chain import Verdict
from portal.audit.spool import Spool
from tests.audit.log import verdict
from tests.instants import DAY, NOW


def keep(folder: Spool, count: int) -> None:
    for number in range(count):
        folder.append("account.logout", actor="ada", at=NOW, name=f"n{number}")


@pytest.mark.unit
def test_what_waits_is_counted_and_chained(tmp_path: Path):
    waits = Spool(tmp_path / "new")
    assert waits.is_empty
    assert waits.waiting == 0
    keep(waits, 3)
    assert (waits.is_empty, waits.waiting) == (False, 3)
    contents = spool.read(waits.path.read_bytes())
    assert [line.detail for line in contents.lines] == [{"name": f"n{n}"} for n in range(3)]
    assert (contents.head, contents.broken_at) == (contents.lines[-1].hash, None)
    assert waits.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.unit
def test_half_a_line_is_dropped_before_the_next(tmp_path: Path):
    waits = Spool(tmp_path)
    keep(waits, 1)
    with waits.path.open("ab") as file:
        file.write(b'{"at": "20')
    assert waits.waiting == 1
    keep(waits, 1)
    contents = spool.read(waits.path.read_bytes())
    assert (len(contents.lines), contents.broken_at) == (2, None)
    empty = Spool(tmp_path / "half")
    empty.path.parent.mkdir()
    empty.path.write_bytes(b'{"head": "ab')
    keep(empty, 1)
    assert len(spool.read(empty.path.read_bytes()).lines) == 1


@pytest.mark.unit
@pytest.mark.parametrize(
    ("number", "row", "whole"),
    [(3, b"garbage", 1), (3, b"{}", 1), (3, b"[]", 1), (1, b"{}", 0), (2, None, 0)],
)
def test_where_a_spool_is_broken(tmp_path: Path, number: int, row: bytes | None, whole: int):
    waits = Spool(tmp_path)
    keep(waits, 3)
    rows = waits.path.read_bytes().split(b"\n")
    rows[number - 1] = row or rows[number - 1].replace(b"ada", b"eve")
    contents = spool.read(b"\n".join(rows))
    assert (contents.broken_at, len(contents.lines)) == (number, whole)


def test_what_waits_is_taken_in_once(session: Session, tmp_path: Path):
    waits = Spool(tmp_path)
    assert waits.take_in(session, actor="portal", now=NOW) == 0
    keep(waits, 2)
    data = waits.path.read_bytes()
    assert waits.take_in(session, actor="portal", now=NOW + DAY) == 2
    assert waits.is_empty
    rows, total = search.search(session)
    assert (total, rows[0].type) == (3, "audit.spool.taken_in")
    assert rows[0].detail["events"] == 2
    assert rows[0].detail["broken_line"] is None
    # The process died before the file was removed, and more was kept since.
    waits.path.write_bytes(data)
    keep(waits, 1)
    assert waits.take_in(session, actor="portal", now=NOW + DAY) == 1
    waits.path.write_bytes(data)
    assert waits.take_in(session, actor="portal", now=NOW + DAY) == 0
    assert chain.length(session) == 5
    assert verdict(session) == Verdict(5, None)


def test_a_broken_spool_is_kept_for_whoever_looks_into_it(session: Session, tmp_path: Path):
    waits = Spool(tmp_path)
    keep(waits, 2)
    rows = waits.path.read_bytes().split(b"\n")
    waits.path.write_bytes(b"\n".join([*rows[:2], b"garbage", b""]))
    head = json.loads(rows[1])["hash"]
    assert waits.take_in(session, actor="portal", now=NOW) == 1
    assert [one.name for one in tmp_path.iterdir()] == [f"audit.damaged-{head[:12]}"]
    found, _ = search.search(session, event_type="audit.spool")
    assert (found[0].detail["broken_line"], found[0].detail["head"]) == (3, head)
