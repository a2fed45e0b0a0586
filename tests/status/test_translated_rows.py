"""What rows and notices hold of the translations that were given."""

from typing import Any

from sqlalchemy import select

from portal.status import series
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.incidents import Incident, IncidentEdit, IncidentIn, IncidentUpdate, UpdateIn
from portal.status.notices import Notice
from portal.status.series import SeriesIn
from portal.status.windows import Window
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.sites import Site
from tests.status.givens import INPUTS, plan
from tests.web.pages import recorded

ADA = By("ada")
BOTH = {"de": {"title": "Neue Bedingungen", "message": "Ab *Juli*."}, "ar": {"title": "شروط"}}


def row_of(site: Site, kind: type[Any]) -> Any:
    with site.portal.core.open_session() as session:
        return session.scalars(select(kind).order_by(kind.id.desc())).first()


def test_an_announcement_keeps_them_until_they_are_given_anew(either: Site, still: StandingClock):
    acts = either.portal.status.announcements
    slug = acts.create(ADA, AnnouncementIn(title="New terms", translations=BOTH)).slug
    assert row_of(either, Announcement).translations == BOTH
    acts.edit(ADA, slug, AnnouncementIn(title="Newer terms"))
    assert row_of(either, Announcement).translations == BOTH
    acts.edit(ADA, slug, AnnouncementIn(title="Newer terms", translations={}))
    assert row_of(either, Announcement).translations == {}
    fields = [one.detail["fields"] for one in recorded(either, "announcement.changed")]
    assert fields == [["translations"], ["title"]]


def test_a_window_keeps_them_until_they_are_given_anew(either: Site, still: StandingClock):
    acts = either.portal.status.windows
    reference = acts.schedule(ADA, plan(translations=BOTH)).reference
    acts.edit(ADA, reference, plan(title="U"))
    assert row_of(either, Window).translations == BOTH
    acts.edit(ADA, reference, plan(title="U", translations={"fr": {"title": "Travaux"}}))
    assert row_of(either, Window).translations == {"fr": {"title": "Travaux"}}
    assert recorded(either, "maintenance.window.changed")[0].detail["fields"] == ["translations"]


def test_the_windows_of_a_series_have_its_translations(either: Site, still: StandingClock):
    new = SeriesIn.model_validate(INPUTS[SeriesIn] | {"translations": BOTH})
    row = either.portal.status.series.create(ADA, new)
    with either.portal.core.open_session() as session:
        found = session.scalars(select(Window.translations)).all()
    assert len(found) > 5
    assert all(one == BOTH for one in found)
    assert series.out(row, now=NOW).translations == BOTH
    assert row_of(either, Notice).translations == BOTH


def test_an_incident_has_its_titles_and_each_update_its_messages(
    either: Site, still: StandingClock
):
    acts = either.portal.status.incidents
    new = IncidentIn(title="Slow", impact="minor", message="We look.", translations=BOTH)
    reference = acts.open(ADA, new).reference
    assert row_of(either, Incident).translations == {
        "de": {"title": BOTH["de"]["title"]},
        "ar": BOTH["ar"],
    }
    assert row_of(either, IncidentUpdate).translations == {"de": {"message": "Ab *Juli*."}}
    assert row_of(either, Notice).translations == BOTH
    words = {"fr": {"message": "Mieux."}}
    acts.update(ADA, reference, UpdateIn(status="monitoring", message="m", translations=words))
    assert row_of(either, IncidentUpdate).translations == words
    told = row_of(either, Notice).translations
    assert told["fr"] == words["fr"]
    assert told["de"] == {"title": BOTH["de"]["title"]}
    edit = IncidentEdit.model_validate(INPUTS[IncidentEdit])
    acts.edit(ADA, reference, edit)
    assert set(row_of(either, Incident).translations) == {"de", "ar"}
    acts.edit(ADA, reference, edit.model_copy(update={"translations": {}}))
    assert row_of(either, Incident).translations == {}
    assert recorded(either, "incident.changed")[0].detail["fields"] == ["translations"]


def test_a_notice_says_what_was_there_when_it_was_put(site: Site, still: StandingClock):
    acts = site.portal.status.announcements
    first = AnnouncementIn(title="T", status="active", channels=["email"], translations=BOTH)
    slug = acts.create(ADA, first).slug
    acts.edit(ADA, slug, first.model_copy(update={"translations": {}}))
    assert row_of(site, Notice).translations == BOTH
