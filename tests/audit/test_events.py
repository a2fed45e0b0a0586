"""The log event by event: its chain, its segments, its addresses and what waits outside."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.audit import addresses, chain, events, search, segments, spool
from portal.audit.addresses import Address, Salt
from portal.audit.chain import GENESIS, Anchor, AuditEvent, Verdict
from portal.audit.events import UnknownEventError
from portal.audit.spool import Spool
from tests.instants import DAY, NOW


def record(session: Session, count: int = 1, *, at: datetime = NOW, actor: str = "ada") -> None:
    for number in range(count):
        chain.append(session, "account.logout", actor=actor, at=at, name=f"n{number}")


def verdict(session: Session) -> Verdict:
    return list(chain.verify(session))[-1]


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


def refuse(session: Session, address: str, at: datetime = NOW) -> AuditEvent:
    return chain.append(
        session,
        "account.login.refused",
        actor="ada",
        at=at,
        name="ada",
        address=address,
        reason="password",
    )


def test_an_address_stands_beside_its_event_under_a_pseudonym(session: Session):
    first, second = refuse(session, "192.0.2.1"), refuse(session, "192.0.2.1")
    other, month = refuse(session, "192.0.2.2"), refuse(session, "192.0.2.1", NOW + 40 * DAY)
    said = [row.detail["address"] for row in (first, second, other, month)]
    assert said[0] == said[1]
    assert len(set(said)) == 3
    assert said[0].startswith("addr-")
    assert addresses.known(session, [1, 3]) == {
        1: {"address": "192.0.2.1"},
        3: {"address": "192.0.2.2"},
    }
    (shown, *_), _ = search.search(session)
    assert shown.detail["address"] == "192.0.2.1"
    assert set(addresses.salts(session)) == {"2030-06", "2030-07"}
    assert verdict(session) == Verdict(4, None)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("value", "is_address"),
    [
        ("192.0.2.1", True),
        ("192.0.2.7/24", True),
        ("2001:db8::1", True),
        ("garbage", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_what_is_an_address(value, is_address):
    assert addresses._is_address(value) is is_address


def test_what_is_no_address_stays_as_it_is(session: Session):
    row = refuse(session, "unknown")
    assert row.detail["address"] == "unknown"
    assert session.scalars(select(Salt)).all() == []


def test_an_address_that_was_altered_is_found(session: Session):
    refuse(session, "192.0.2.1")
    session.execute(update(Address).values(address="192.0.2.9"))
    session.expire_all()
    assert verdict(session) == Verdict(0, 1, "its address was changed")
    assert not addresses.is_true({}, NOW, "addr-", "192.0.2.1")


def test_addresses_are_forgotten_and_the_chain_stays_whole(session: Session):
    refuse(session, "192.0.2.1", NOW - 60 * DAY)
    refuse(session, "192.0.2.2", NOW - 3 * DAY)
    refuse(session, "192.0.2.3", NOW - 3 * DAY + timedelta(milliseconds=1))
    assert addresses.forget(session, now=NOW, after=3 * DAY) == 2
    assert set(addresses.known(session, [1, 2, 3])) == {3}
    # Of a month that is over no salt is left; the one that began after it stays.
    assert set(addresses.salts(session)) == {"2030-05"}
    assert verdict(session) == Verdict(3, None)
    assert addresses.forget(session, now=NOW + 30 * DAY, after=DAY) == 1
    assert addresses.salts(session) == {}


def checked(path: Path) -> Verdict:
    return list(segments.verify(path))[-1]


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
