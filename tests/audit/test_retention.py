"""What was kept long enough moves to a sealed file."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain, segments
from portal.worker import retention
from tests.audit.segments import events, fill, last, seal_in_pieces, verdict
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.sites import Site


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
