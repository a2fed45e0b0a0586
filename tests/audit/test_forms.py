"""How events are hashed and written, and what the spool does when others are faster."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from portal.audit import chain, segments, spool
from portal.audit.log import AuditLog
from portal.audit.spool import Spool
from tests.instants import NOW


@pytest.mark.unit
def test_the_hash_of_an_event_is_what_it_has_always_been():
    fields = {
        "seq": 1,
        "at": "2030-06-03T12:00:00Z",
        "type": "account.logout",
        "actor": "jörg",
        "detail": {"name": "ä", "b": 1, "a": [2]},
        "hash": "left aside",
    }
    assert chain.digest_of(chain.GENESIS, fields) == (
        "bfdfcffdfa8e290c6794898a3bf1093a0d2d0beeb5a2fa8f0b60169f38e56b68"
    )


def test_a_segment_is_written_in_letters_and_in_one_order(session: Session, tmp_path: Path):
    chain.append(session, "account.logout", actor="jörg", at=NOW, name="ä")
    folder = tmp_path / "a" / "b"
    made = segments.seal(session, folder, before=NOW.replace(hour=13), now=NOW)
    assert made is not None
    (path,) = folder.iterdir()
    for line in path.read_text(encoding="utf-8").splitlines():
        body = json.loads(line)
        assert line == json.dumps(body, ensure_ascii=False, sort_keys=True)
    assert "jörg" in path.read_text(encoding="utf-8")


def keep(waits: Spool, name: str = "n") -> None:
    waits.append("account.logout", actor="ada", at=NOW, name=name)


@pytest.mark.unit
def test_a_spool_is_written_in_one_order_and_begins_with_a_number_of_its_own(tmp_path: Path):
    heads = set()
    for name in ("a/b", "c/d"):
        waits = Spool(tmp_path / name)
        keep(waits)
        first, second = waits.path.read_text().splitlines()
        heads.add(json.loads(first)["head"])
        assert second == json.dumps(json.loads(second), sort_keys=True)
    assert len(heads) == 2
    assert {len(head) for head in heads} == {64}


@pytest.mark.unit
def test_what_was_taken_in_meanwhile_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever waited for the lock may hold a file that another has removed, or put anew."""
    waits = Spool(tmp_path)
    keep(waits, "first")
    steps: list[Any] = [
        waits.path.unlink,
        lambda: (waits.path.rename(tmp_path / "gone"), waits.path.touch()),
    ]
    usual = fcntl.flock

    def flock(file: Any, how: int) -> None:
        usual(file, how)
        if steps:
            steps.pop(0)()

    monkeypatch.setattr(spool.fcntl, "flock", flock)
    keep(waits, "second")
    lines = spool.read(waits.path.read_bytes()).lines
    assert [line.detail["name"] for line in lines] == ["second"]


def test_where_nothing_waits_nothing_is_made(session: Session, tmp_path: Path):
    waits = Spool(tmp_path / "nothing")
    assert waits.take_in(session, actor="portal", now=NOW) == 0
    assert not (tmp_path / "nothing").exists()


@pytest.mark.unit
def test_where_nothing_waits_the_database_is_not_asked(tmp_path: Path):
    def away() -> Session:
        raise AssertionError("asked")

    assert AuditLog(away, Spool(tmp_path)).take_in() == 0


def test_what_was_taken_in_is_in_the_log(tmp_path: Path, open_session: Callable[[], Session]):
    waits = Spool(tmp_path)
    record = AuditLog(open_session, waits)
    keep(waits)
    data = waits.path.read_bytes()
    with capture_logs() as lines:
        assert record.take_in() == 1
    assert [(one["event"], one["events"]) for one in lines] == [("audit.spool_taken_in", 1)]
    # The same again, by a process that died before it removed the file.
    waits.path.write_bytes(data)
    with capture_logs() as lines:
        assert record.take_in() == 0
    assert lines == []
