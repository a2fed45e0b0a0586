"""A log of some events on both databases, and its last segment."""

from datetime import timedelta
from pathlib import Path

import pytest

from portal import clock
from portal.audit import chain, search, segments
from portal.store import engine
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


def seal_in_pieces(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What was recorded before this minute."""
    monkeypatch.setattr(segments.seal, "__kwdefaults__", {"most": 100})
    return segments.seal_old(
        site.portal.core.open_session, folder / "audit", before=clock.now() - timedelta(seconds=30)
    )
