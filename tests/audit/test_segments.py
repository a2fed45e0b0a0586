"""Parts of the log as files, its retention, and what becomes of addresses."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import addresses, chain, search, segments
from portal.store import engine
from portal.worker import retention
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.sites import Site


def fill(site: Site, count: int, address: str = "203.0.113.9") -> None:
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        for number in range(count):
            chain.append(
                session,
                "account.login.succeeded",
                actor="ada",
                at=clock.now(),
                name=f"ada{number}",
                address=address,
            )
        session.commit()


def verdict(site: Site) -> chain.Verdict:
    with site.portal.core.open_session() as session:
        return list(chain.verify(session))[-1]


def events(site: Site) -> list[search.Event]:
    with site.portal.core.open_session() as session:
        return list(reversed(search.search(session, limit=200)[0]))


def export(site: Site, path: Path, **options: object) -> segments.Segment | None:
    with site.portal.core.open_session() as session:
        return segments.write(session, path, **options)


def last(path: Path) -> chain.Verdict:
    return list(segments.verify(path))[-1]


def test_an_exported_segment_can_be_checked_by_itself(either: Site, tmp_path: Path):
    fill(either, 1203)
    whole = export(either, tmp_path / "whole")
    part = export(either, tmp_path / "part", first=400, last=800)
    assert (whole.first, whole.last) == (1, 1203)
    assert (part.first, part.last) == (400, 800)
    assert list(segments.verify(tmp_path / "whole")) == [
        chain.Verdict(1000, None),
        chain.Verdict(1203, None),
    ]
    assert last(tmp_path / "part") == chain.Verdict(401, None)
    assert export(either, tmp_path / "none", first=5000) is None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("harm", "bad"),
    [
        ("altered", 12),
        ("removed", 12),
        ("inserted", 13),
        ("cut off", 20),
        ("added", 21),
        ("ended twice", 21),
    ],
)
def test_a_segment_that_was_tampered_with_names_the_first_bad_event(
    site: Site, tmp_path: Path, harm: str, bad: int
):
    fill(site, 20)
    path = tmp_path / "segment"
    export(site, path)
    rows = path.read_bytes().splitlines(keepends=True)
    if harm == "altered":
        rows[12] = rows[12].replace(b'"ada"', b'"eve"')
    elif harm == "removed":
        del rows[12]
    elif harm == "inserted":
        rows.insert(13, rows[12])
    elif harm == "added":
        rows.append(rows[20])
    elif harm == "ended twice":
        rows.append(rows[-1])
    else:
        rows = rows[:-2]
    path.write_bytes(b"".join(rows))
    assert last(path).first_bad_seq == bad


def test_a_file_of_another_kind_is_no_segment(tmp_path: Path):
    (tmp_path / "notes").write_text("hello\n")
    with pytest.raises(ValueError, match="not an audit log segment"):
        last(tmp_path / "notes")


def test_addresses_turn_into_pseudonyms_and_the_chain_stays_whole(
    either: Site, still: StandingClock
):
    fill(either, 2)
    fill(either, 1, address="2001:db8::7")
    assert [event.detail["address"] for event in events(either)] == [
        "203.0.113.9",
        "203.0.113.9",
        "2001:db8::7",
    ]
    with either.portal.core.open_session() as session:
        stored = str(session.execute(text("SELECT detail FROM audit_event")).all())
    assert "203.0.113.9" not in stored
    assert "2001:db8" not in stored
    still.advance(days=89)
    fill(either, 1, address="198.51.100.1")
    retention.sweep(either.portal)
    assert events(either)[0].detail["address"] == "203.0.113.9"
    still.advance(days=2)
    retention.sweep(either.portal)
    first, second, third, fourth = (event.detail["address"] for event in events(either))
    assert first == second != third
    assert first.startswith("addr-")
    assert fourth == "198.51.100.1"
    assert verdict(either) == chain.Verdict(4, None)
    still.advance(days=60)
    retention.sweep(either.portal)
    with either.portal.core.open_session() as session:
        assert set(addresses.salts(session)) == {"2030-08"}


def test_the_values_of_blocks_are_addresses_too_and_names_are_not(site: Site):
    headers = site.bearer()
    for value, scope in (("203.0.113.0/24", "range"), ("https://bad.example", "origin")):
        made = site.client().post(
            "/api/admin/runtime/maintenance/perimeter/blocks",
            json={"scope": scope, "value": value, "duration": "1h", "reason": "test"},
            headers=headers,
        )
        assert made.status_code == 201, made.get_json()
    with site.portal.core.open_session() as session:
        stored = str(session.execute(text("SELECT detail FROM audit_event")).all())
    assert "203.0.113.0" not in stored
    assert "https://bad.example" in stored
    told = site.client().get("/api/admin/runtime/audit?type=perimeter", headers=headers)
    assert "203.0.113.0/24" in told.get_data(as_text=True)


def test_an_altered_address_is_named(either: Site):
    fill(either, 3)
    with either.portal.core.open_session() as session:
        session.execute(text("UPDATE audit_address SET address = '192.0.2.1' WHERE seq = 2"))
        session.commit()
    found = verdict(either)
    assert (found.first_bad_seq, found.reason) == (2, "its address was changed")


@pytest.fixture(params=["sqlite", "postgresql"])
def short(request: pytest.FixtureRequest, build: Build) -> Site:
    """A site that keeps events for thirty days."""
    if request.param == "sqlite":
        return build(audit_keep_days=30)
    address = fresh_database(request.getfixturevalue("postgres"))
    return build(audit_keep_days=30, database_url=address)


def test_what_was_kept_long_enough_moves_to_a_sealed_file(short: Site, still: StandingClock):
    fill(short, 10)
    still.advance(days=20)
    fill(short, 5)
    still.advance(days=10)
    retention.sweep(short.portal)
    assert verdict(short) == chain.Verdict(15, None)
    still.advance(days=1)
    retention.sweep(short.portal)
    (path,) = (short.settings.data_dir / "audit").iterdir()
    assert path.name == "audit-000000001-000000010.jsonl"
    assert last(path) == chain.Verdict(10, None)
    assert "203.0.113.9" not in path.read_text()
    left = events(short)
    assert [event.seq for event in left] == [11, 12, 13, 14, 15, 16]
    assert left[-1].type == "audit.segment.sealed"
    assert left[-1].detail["file"] == path.name
    assert verdict(short) == chain.Verdict(6, None)
    still.advance(days=21)
    retention.sweep(short.portal)
    names = sorted(one.name for one in (short.settings.data_dir / "audit").iterdir())
    assert names[1] == "audit-000000011-000000015.jsonl"
    # The second goes on where the first ended.
    first, second = ((path.parent / name).read_text().splitlines() for name in names)
    assert json.loads(first[-1])["head"] == json.loads(second[0])["previous"]
    fill(short, 1)
    assert verdict(short).first_bad_seq is None


def test_events_that_were_removed_without_a_segment_are_told(short: Site, still: StandingClock):
    fill(short, 6)
    with short.portal.core.open_session() as session:
        hash_of = session.execute(text("SELECT hash FROM audit_event WHERE seq = 4")).scalar()
        session.add(chain.Anchor(seq=4, hash=hash_of, at=clock.now(), file="x", sha256="x"))
        session.flush()
        session.execute(text("DELETE FROM audit_event WHERE seq <= 4"))
        session.commit()
    found = verdict(short)
    assert found.first_bad_seq == 4
    assert "no segment was recorded" in found.reason


def test_a_disk_that_cannot_keep_the_file_keeps_the_events(
    short: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    fill(short, 3)
    still.advance(days=40)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    retention.sweep(short.portal)
    monkeypatch.undo()
    assert verdict(short) == chain.Verdict(3, None)
    assert list((short.settings.data_dir / "audit").iterdir()) == []


def test_retention_counts_from_the_settings(build: Build, still: StandingClock):
    site = build(audit_address_days=5)
    fill(site, 1)
    still.advance(days=4)
    retention.sweep(site.portal)
    assert events(site)[0].detail["address"] == "203.0.113.9"
    still.moment += timedelta(days=1)
    retention.sweep(site.portal)
    assert events(site)[0].detail["address"] != "203.0.113.9"


def seal_in_pieces(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What was recorded before this minute."""
    monkeypatch.setattr(segments.seal, "__kwdefaults__", {"most": 100})
    return segments.seal_old(
        site.portal.core.open_session, folder / "audit", before=clock.now() - timedelta(seconds=30)
    )


def test_much_is_sealed_in_pieces_and_others_write_between_them(
    either: Site, tmp_path: Path, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    fill(either, 250)
    still.advance(minutes=1)
    sealed = seal_in_pieces(either, tmp_path, monkeypatch)
    first = next(sealed)
    assert (first.first, first.last) == (1, 100)
    assert verdict(either).first_bad_seq is None
    fill(either, 1)
    # Whoever began this died; the next one goes on.
    rest = list(seal_in_pieces(either, tmp_path, monkeypatch))
    assert [(one.first, one.last) for one in rest] == [(101, 200), (201, 250)]
    assert verdict(either).first_bad_seq is None
    files = sorted((tmp_path / "audit").iterdir())
    assert [one.name for one in files] == [one.file for one in (first, *rest)]
    assert all(last(one).first_bad_seq is None for one in files)


@pytest.mark.parametrize("when", ["writing", "removing", "committing"])
def test_what_could_not_be_sealed_leaves_no_half_file_behind(
    site: Site, tmp_path: Path, still: StandingClock, monkeypatch: pytest.MonkeyPatch, when: str
):
    fill(site, 20)
    still.advance(minutes=1)

    def fail(*_: object, **__: object) -> None:
        raise TimeoutError(when)

    broken = {
        "writing": (segments, "_put"),
        "removing": (chain, "append"),
        "committing": (Session, "commit"),
    }[when]
    with monkeypatch.context() as patch:
        patch.setattr(*broken, fail)
        with pytest.raises(TimeoutError):
            next(seal_in_pieces(site, tmp_path, patch))
    # Whoever cannot tell whether the database took it keeps the file.
    kept = [one.name for one in (tmp_path / "audit").iterdir()]
    assert kept == (["audit-000000001-000000020.jsonl"] if when == "committing" else [])
    assert len(events(site)) == 20
    assert next(seal_in_pieces(site, tmp_path, monkeypatch)).last == 20


def test_a_walk_in_pieces_goes_on_where_something_was_sealed_meanwhile(
    site: Site, tmp_path: Path, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    fill(site, 2100)
    still.advance(minutes=1)
    with site.portal.core.open_session() as session:
        verdicts = chain.verify(session, in_pieces=True)
        assert next(verdicts).checked == 1000
        while next(seal_in_pieces(site, tmp_path, monkeypatch)).last < 1500:
            pass
        assert next(verdicts).first_bad_seq is None
        found = list(verdicts)[-1]
    assert found.first_bad_seq is None
    assert found.checked < 2100


def test_a_walk_in_pieces_goes_on_behind_all_that_was_sealed(
    site: Site, tmp_path: Path, still: StandingClock
):
    """Exactly the event that comes next was the last one to be sealed."""
    fill(site, 1002)
    with site.portal.core.open_session() as session:
        verdicts = chain.verify(session, in_pieces=True)
        assert next(verdicts).checked == 1000
        assert session.in_transaction()
        still.advance(minutes=1)
        with site.portal.core.open_session() as other:
            engine.begin_write(other)
            made = segments.seal(other, tmp_path, before=clock.now(), now=clock.now(), most=1001)
            other.commit()
        assert made is not None
        assert made.last == 1001
        assert list(verdicts)[-1].first_bad_seq is None


def test_a_walk_in_pieces_ends_its_transaction_after_each(site: Site):
    fill(site, 1001)
    for in_pieces in (False, True):
        with site.portal.core.open_session() as session:
            verdicts = chain.verify(session, in_pieces=in_pieces)
            next(verdicts)
            transaction = session.get_transaction()
            next(verdicts)
            assert (session.get_transaction() is not transaction) is in_pieces


def test_a_walk_goes_on_where_also_the_name_of_the_last_segment_was_sealed(
    site: Site, tmp_path: Path, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    """The event that names the segment at which the walk began is in a segment itself by now."""
    fill(site, 2100)
    still.advance(minutes=1)
    next(seal_in_pieces(site, tmp_path, monkeypatch))
    with site.portal.core.open_session() as session:
        verdicts = chain.verify(session, in_pieces=True)
        assert next(verdicts).checked == 1000
        still.advance(minutes=1)
        list(seal_in_pieces(site, tmp_path, monkeypatch))
        assert list(verdicts)[-1].first_bad_seq is None
