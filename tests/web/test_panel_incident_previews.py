"""Incidents are shown before they are told, with the figures of an alert."""

from datetime import timedelta

from portal.accounts.roles import Role
from portal.status.components import ComponentIn
from portal.status.incidents import Incident
from portal.unit_of_work import By
from tests import rows
from tests.clocks import StandingClock
from tests.sites import Site
from tests.web.incidents import open_one, text_of


def test_an_alert_that_lasts_offers_to_tell_the_public_with_its_figures(
    build, still: StandingClock
):
    site = build(sustained_after=timedelta(seconds=900))
    person = site.signed_in(Role.OPERATOR)
    assert site.scrape().status_code == 200
    still.advance(seconds=300)
    assert "/panel/incidents/new?alert" not in text_of(person.client.get("/panel"))
    still.advance(seconds=700)
    page = text_of(person.client.get("/panel"))
    assert "/panel/incidents/new?alert=exporter-stale" in page
    form = text_of(person.client.get("/panel/incidents/new?alert=exporter-stale"))
    assert 'value="Problem with our service"' in form
    note = form[form.index('name="note"') :]
    assert "Exporter stale: 1000 s (limit 180)" in note
    assert "1000 s" not in form[: form.index('name="note"')]
    assert "2030-06-03T12:00" in form


def test_a_new_incident_is_shown_before_it_is_opened(site: Site):
    person = site.signed_in(Role.OPERATOR)
    form = {"title": "Payments fail", "impact": "minor", "message": "We **look** into it."}
    form |= {"audiences": "public", "status": "investigating", "note": "secret figures"}
    page = text_of(person.post("/panel/incidents/preview", **form))
    assert "Payments fail" in page
    assert "<strong>look</strong>" in page
    assert "secret figures" not in page
    assert "0 subscribers will be notified" in page
    assert "still has a place to fill in: {{impact}}" in text_of(
        person.post("/panel/incidents/preview", **{**form, "message": "It is {{impact}}."})
    )
    with site.portal.core.open_session() as session:
        assert session.query(Incident).count() == 0


def test_an_update_is_shown_before_it_is_posted(site: Site):
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    person = site.signed_in(Role.OPERATOR)
    path = open_one(person)
    form = {"status": "identified", "message": "We **found** it.", "impact-api": "partial_outage"}
    page = text_of(person.post(f"{path}/updates/preview", **form))
    for word in ("Identified", "<strong>found</strong>", "The API", "0 subscribers will be"):
        assert word in page, word
    assert "We **found** it." not in text_of(person.client.get(path)), "nothing was stored"
    for change, said in (
        ({"message": ""}, "preview appears when the form is complete"),
        ({"message": "It is {{impact}}."}, "still has a place to fill in: {{impact}}"),
        ({"status": "resolved"}, "Choose a root cause"),
        ({"nextUpdateAt": "2001-01-01T00:00"}, "The next update must be after this one"),
    ):
        page = text_of(person.post(f"{path}/updates/preview", **{**form, **change}))
        assert said in page
        assert "hx-swap-oob" not in page, "there is nothing else that it would change"
    over = {**form, "status": "resolved", "rootCauseCategory": "capacity"}
    assert "Resolved" in text_of(person.post(f"{path}/updates/preview", **over))
    missing = person.post("/panel/incidents/INC-1999-0001/updates/preview", **form)
    assert missing.status_code == 404


def test_the_preview_of_an_update_counts_who_is_told_of_its_incident(site: Site):
    person = site.signed_in(Role.OPERATOR)
    path = open_one(person)
    with site.portal.core.open_session() as session:
        session.add(rows.subscriber())
        session.commit()
    form = {"status": "identified", "message": "Found."}
    page = text_of(person.post(f"{path}/updates/preview", **form))
    assert "1 subscriber will be notified" in page


def test_a_note_of_a_new_incident_is_for_operators_alone(site: Site):
    person = site.signed_in(Role.OPERATOR)
    path = open_one(person, note="1200 s (limit 180)")
    assert "1200 s (limit 180)" in text_of(person.client.get(path))
    public = path.replace("/panel", "")
    assert "limit 180" not in text_of(site.client().get(public))
