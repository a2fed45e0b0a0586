"""A page and the number of all, by one query."""

from datetime import timedelta

from sqlalchemy import select

from portal.status.freezes import Freeze
from portal.store import engine, pages
from tests.instants import NOW
from tests.queries import counted
from tests.sites import Site


def fill(site: Site, number: int) -> None:
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        for hour in range(number):
            begin = NOW + timedelta(hours=hour)
            row = Freeze(title=f"f{hour}", starts_at=begin, ends_at=begin, created_at=NOW)
            row.version = 1
            session.add(row)
        session.commit()


def titles(site: Site, **part: int) -> tuple[list[str], int]:
    with site.portal.core.open_session() as session:
        query = select(Freeze).where(Freeze.starts_at > NOW)
        rows, total = pages.page(session, query, Freeze.starts_at.desc(), **part)
        return [row.title for row in rows], total


def test_a_page_says_how_many_there_are(either: Site):
    assert titles(either, limit=3, offset=0) == ([], 0)
    fill(either, 8)
    with counted(either) as queries:
        assert titles(either, limit=3, offset=0) == (["f7", "f6", "f5"], 7)
        assert titles(either, limit=3, offset=6) == (["f1"], 7)
    assert len(queries) == 2


def test_a_page_beyond_the_end_is_empty_and_says_it_too(either: Site):
    fill(either, 8)
    assert titles(either, limit=3, offset=7) == ([], 7)
