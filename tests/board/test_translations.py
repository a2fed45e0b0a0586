"""Translations cost a rebuild nothing, and are seen when they change."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from portal.board import published
from portal.board.copy import Copy
from portal.board.picture import Picture
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import Incident, IncidentEdit, IncidentIn, IncidentUpdate, UpdateIn
from portal.status.windows import Window, WindowIn
from portal.store import engine
from portal.unit_of_work import By
from tests import renders
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW
from tests.queries import counted
from tests.sites import Site

ADA = By("ada")
TEXT: dict[str, Any] = {"de": {"title": "Titel", "message": "Text"}}


def filled(site: Site, texts: dict[str, Any]) -> str:
    """One thing of each kind, with translations or without; an incident's reference."""
    status = site.portal.status
    status.components.add(ADA, ComponentIn(slug="api", name="API"))
    new = AnnouncementIn(title="Terms", message="m", status="active", translations=texts)
    status.announcements.create(ADA, new)
    plan: dict[str, Any] = {"title": "Work", "components": ["api"], "translations": texts}
    status.windows.schedule(ADA, WindowIn(ends_at=NOW + HOUR, **plan))
    begins = NOW + timedelta(days=1)
    status.windows.schedule(ADA, WindowIn(starts_at=begins, ends_at=begins + HOUR, **plan))
    row = status.incidents.open(
        ADA,
        IncidentIn(
            title="Down",
            impact="major",
            message="We look.",
            components=[Impact(component="api", state=State.MAJOR)],
            translations=texts,
        ),
    )
    return str(row.reference)


def test_no_query_is_asked_for_them(either: Site, still: StandingClock):
    def take() -> tuple[Picture, int]:
        with counted(either) as queries, either.portal.core.open_session() as session:
            taken = published.take(session, now=NOW)
        return taken, len(queries)

    filled(either, {})
    _, without = take()
    with either.portal.core.open_session() as session:
        engine.begin_write(session)
        for kind in (Announcement, Window, Incident, IncidentUpdate):
            session.execute(update(kind).values(translations=TEXT))
        session.commit()
    taken, queries = take()
    assert queries == without
    spoken = taken.spoken("de")
    assert [one.title for one in spoken.banners] == ["Titel"] * 4
    assert [one.title for one in spoken.incidents] == ["Titel"]
    assert {one.title for one in spoken.components[0].entries} == {"Titel"}


def test_what_is_rendered_in_a_language_stands_while_it_is_the_same(
    site: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    reference = filled(site, TEXT)
    client = site.client()
    assert "Titel" in client.get("/?lang=de").get_data(as_text=True)
    rendered = renders.noted(monkeypatch)
    new = UpdateIn(status="monitoring", message="B", translations={"de": {"message": "Besser."}})
    site.portal.status.incidents.update(ADA, reference, new)
    ahead = [name for name in rendered if name.startswith("parts/")]
    rendered.clear()
    assert "Besser." in client.get("/?lang=de").get_data(as_text=True)
    # As much as in English, of which all of this is made ahead.
    assert [name for name in rendered if name.startswith("parts/")] == ahead
    assert rendered.count("parts/notice.html") == 1
    assert rendered.count("parts/coming.html") == rendered.count("parts/component.html") == 0


def test_a_rebuild_makes_as_much_as_without_them(site: Site, still: StandingClock):
    reference = filled(site, TEXT)
    history = site.portal.board._history
    before = (history.computed, history.viewed, history.incidents.made)
    for number in range(3):
        site.client().get("/?lang=de")
        words = {"de": {"message": f"Nummer {number}"}}
        new = UpdateIn(status="monitoring", message=f"Number {number}", translations=words)
        site.portal.status.incidents.update(ADA, reference, new)
    after = (history.computed, history.viewed, history.incidents.made)
    assert tuple(two - one for one, two in zip(before, after, strict=True)) == (0, 0, 3)


def test_a_translation_that_changes_is_seen(site: Site, still: StandingClock):
    """Of a title too, in the days of a component."""
    reference = filled(site, TEXT)
    client = site.client()
    assert "Titel" in client.get("/components/api?lang=de").get_data(as_text=True)
    content = {"title": "Down", "impact": "major", "startedAt": NOW.isoformat()}
    edit = IncidentEdit.model_validate(content | {"translations": {"de": {"title": "Anders"}}})
    site.portal.status.incidents.edit(ADA, reference, edit)
    for path in ("/components/api", "/", "/feed.atom"):
        assert "Anders" in client.get(f"{path}?lang=de").get_data(as_text=True), path


def test_the_kept_picture_has_them(site: Site, still: StandingClock):
    filled(site, TEXT)
    copy = Copy(site.settings.data_dir / "copy.json")
    before = site.portal.board.current().picture
    copy.keep(before, NOW)
    loaded = copy.load()
    assert loaded is not None
    assert loaded[0] == before
    assert [one.title for one in loaded[0].spoken("de").banners] == ["Titel"] * 4
