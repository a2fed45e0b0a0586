"""Much is sealed in pieces, and a walk goes on where something was sealed meanwhile."""

from pathlib import Path

import pytest

from portal import clock
from portal.audit import chain, segments
from portal.store import engine
from tests.audit.segments import fill, last, seal_in_pieces, verdict
from tests.clocks import StandingClock
from tests.sites import Site


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
