"""What the portal publishes and prepares by itself, and how things stand for who comes back."""

from datetime import datetime, timedelta

import pytest

from portal import clock
from portal.notify import outbox, timetable
from portal.notify.outbox import Delivery
from portal.runtime.episode import Episode
from portal.settings import ScraperToken
from portal.status.incidents import IncidentEdit, UpdateIn
from portal.status.notices import Notice
from portal.store import engine
from portal.unit_of_work import By
from portal.worker.rounds import run_once
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.clockwork import events, look, plan, published, stale
from tests.notify.deliveries import an_incident, subscribe
from tests.sites import SCRAPER, Site


@pytest.fixture
def site(build: Build, still: StandingClock) -> Site:
    return build(external_url="https://status.example.com")


def test_nothing_is_published_by_itself_unless_a_setting_says_so(
    build: Build, still: StandingClock
):
    for is_on in (False, True):
        site = build(auto_publish=is_on)
        stale(site, still)
        look(site)
        client = site.client()
        listed = client.get("/api/admin/runtime/incidents", headers=site.bearer()).get_json()
        assert listed["total"] == int(is_on)
    (incident,) = listed["items"]
    assert incident["title"] == "Problem with our service"
    (note,) = incident["notes"]
    assert "Exporter stale: 1200 s (limit 180)" in note["message"]
    assert incident["impact"] == "major"
    assert published(site) == []
    # Nor again when somebody has taken the link to the alert away.
    edit = IncidentEdit(
        title="Blind", impact="minor", started_at=datetime.fromisoformat(incident["startedAt"])
    )
    site.portal.status.incidents.edit(By("test"), incident["reference"], edit)
    assert published(site) == []
    # An operator who is faster is not followed by a second one.
    site = build(auto_publish=True)
    stale(site, still)
    with site.portal.core.open_session() as session:
        (episode,) = session.query(Episode)
    links = [{"kind": "episode", "ref": str(episode.id)}]
    site.portal.status.incidents.open(By("test"), an_incident(links=links))
    assert published(site) == []


def test_the_offer_and_the_prepared_update_by_the_api(site: Site, still: StandingClock):
    client, headers = site.client(), site.bearer()
    base = "/api/admin/runtime"
    site.scrape(SCRAPER)
    still.advance(minutes=10)
    run_once(site.portal)
    assert client.get(f"{base}/alerts/exporter-stale/offer", headers=headers).status_code == 404
    still.advance(minutes=10)
    run_once(site.portal)
    offer = client.get(f"{base}/alerts/exporter-stale/offer", headers=headers).get_json()
    assert offer["title"] == "Problem with our service"
    assert offer["message"].startswith("Since 3 June, 12:00 UTC there has been a problem with our")
    assert "1200 s (limit 180)" in offer["note"]
    made = client.post(f"{base}/incidents", json={**offer, "impact": "minor"}, headers=headers)
    assert made.status_code == 201, made.text
    path = f"{base}/incidents/{made.get_json()['reference']}"
    assert client.get(f"{path}/prepared-update", headers=headers).status_code == 404
    still.advance(minutes=2)
    site.scrape(SCRAPER)
    still.advance(seconds=8)
    run_once(site.portal)
    prepared = client.get(f"{path}/prepared-update", headers=headers).get_json()
    assert prepared["gapSeconds"] == 22 * 60
    assert "again since 12:22 UTC; for 22 min, from 12:00 UTC on" in prepared["message"]
    answer = client.post(
        f"{path}/updates",
        json={"status": prepared["status"], "message": prepared["message"]},
        headers=headers,
    )
    assert answer.status_code == 201
    assert client.get(f"{path}/prepared-update", headers=headers).status_code == 404


@pytest.mark.fault(15)
def test_who_comes_back_is_told_how_things_stand(site: Site, still: StandingClock):
    """No worker for an hour: of three words on one thing the last is sent, and no burst."""
    subscribe(site, "ada@example.com")
    row = site.portal.status.incidents.open(By("test"), an_incident())
    still.advance(minutes=20)
    for status in ("identified", "monitoring"):
        update = UpdateIn(status=status, message=status)
        site.portal.status.incidents.update(By("test"), row.reference, update)
        still.advance(minutes=20)
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        while outbox.address(session, [], now=clock.now()):
            pass
        session.commit()
        told = [one.notice_id for one in session.query(Delivery)]
        last = session.query(Notice).order_by(Notice.id.desc()).first()
        assert last is not None
        assert told == [last.id]


@pytest.mark.fault(30)
def test_a_database_that_was_put_back_tells_nothing_again(site: Site, still: StandingClock):
    """What was waiting in the copy, and what began since, has been told by the one it replaces."""
    subscribe(site, "ada@example.com")
    plan(site, in_=timedelta(minutes=5))
    still.advance(minutes=10)
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        outbox.address(session, [], now=clock.now())
        assert timetable.silence(session, site.settings, now=clock.now()) == 1
        session.commit()
        assert {one.state for one in session.query(Delivery)} == {"dropped"}
        assert not outbox.has_unaddressed(session, now=clock.now())
    look(site)
    assert events(site) == ["scheduled", "started"]
    still.advance(hours=1)
    look(site)
    # What comes after is told as ever.
    assert events(site) == ["scheduled", "started", "ended"]


def test_the_prepared_update_says_who_came_meanwhile(build: Build, still: StandingClock):
    """One of a pair was away: for that time there are figures all the same."""
    site = build(
        metrics_tokens=(ScraperToken("prom-a", "a" * 40), ScraperToken("prom-b", "b" * 40))
    )
    client, headers = site.client(), site.bearer()
    base = "/api/admin/runtime"
    for secret in ("a" * 40, "b" * 40):
        site.scrape(secret)
    for _ in range(20):
        still.advance(minutes=1)
        site.scrape("a" * 40)
        run_once(site.portal)
    # At last both are away for a while, and come back together.
    still.advance(minutes=4)
    run_once(site.portal)
    offer = client.get(f"{base}/alerts/exporter-stale/offer", headers=headers).get_json()
    made = client.post(f"{base}/incidents", json={**offer, "impact": "minor"}, headers=headers)
    for secret in ("a" * 40, "b" * 40):
        site.scrape(secret)
    run_once(site.portal)
    path = f"{base}/incidents/{made.get_json()['reference']}"
    prepared = client.get(f"{path}/prepared-update", headers=headers).get_json()
    assert "there are none" not in prepared["message"]
    assert "reads our figures again since 12:24 UTC; a part of it" in prepared["message"]
    assert "prom" not in prepared["message"]
    assert "prom-b reads our figures again since 12:24 UTC" in prepared["note"]
    assert "it had not come for 24 min, from 12:00 UTC on" in prepared["note"]
    assert "prom-a came meanwhile" in prepared["note"]
