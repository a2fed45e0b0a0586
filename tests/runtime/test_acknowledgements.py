"""Acknowledging alerts: who takes care, told everywhere, taken back, and over with the episode."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.roles import Role, Scope
from portal.errors import NotFoundError
from portal.runtime import episodes
from portal.runtime.episode import Episode
from portal.runtime.snapshot import Alert
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.web.pages import recorded, text_of


def near(subject: str = "") -> Alert:
    return Alert(
        id="worker-error",
        title="Worker in error",
        severity="warning",
        since=clock.now(),
        value=1,
        threshold=0,
        unit="x",
        labels={},
        runbook="",
        subject=subject,
    )


def stored(site: Site) -> list[Episode]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Episode).order_by(Episode.id)))


@pytest.mark.usefixtures("still")
def test_the_first_one_stays_named_and_it_is_on_record(site: Site):
    acts = site.portal.runtime.acknowledgements
    acts.acknowledge(By("ada"), "worker-error", "mail", near("mail"))
    acts.acknowledge(By("bob"), "worker-error", "mail")
    (row,) = stored(site)
    assert (row.acknowledged_by, row.acknowledged_at) == ("ada", clock.now())
    assert [one.actor for one in recorded(site, "monitoring.episode.acknowledged")] == ["ada"]
    assert len(recorded(site, "monitoring.episode.opened")) == 1
    acts.withdraw(By("bob"), "worker-error", "mail")
    acts.withdraw(By("bob"), "worker-error", "mail")
    assert stored(site)[0].acknowledged_by is None
    assert len(recorded(site, "monitoring.episode.unacknowledged")) == 1


@pytest.mark.usefixtures("still")
def test_what_does_not_hold_cannot_be_acknowledged(site: Site):
    acts = site.portal.runtime.acknowledgements
    with pytest.raises(NotFoundError):
        acts.acknowledge(By("ada"), "worker-error", "mail")
    with pytest.raises(NotFoundError):
        acts.withdraw(By("ada"), "worker-error", "mail")
    assert stored(site) == []


def test_an_alert_that_comes_back_is_a_new_one(site: Site, still: StandingClock):
    acts = site.portal.runtime.acknowledgements
    acts.acknowledge(By("ada"), "worker-error", "mail", near("mail"))
    taken = site.portal.overview.take()
    site.portal.runtime.episodes.reconcile(taken)
    still.advance(minutes=5)
    taken = site.portal.overview.take()
    taken.alerts = [near("mail")]
    site.portal.runtime.episodes.reconcile(taken)
    still.advance(minutes=1)
    taken = site.portal.overview.take()
    taken.alerts = [near("mail")]
    with site.portal.core.open_session() as session:
        episodes.date(taken.alerts, episodes.open_ones(session))
    assert [row.closed_at is None for row in stored(site)] == [False, True]
    assert taken.alerts[0].acknowledged_by is None


def test_the_panel_folds_it_and_takes_it_back(site: Site, still: StandingClock, monkeypatch: Any):
    person = site.signed_in(Role.OPERATOR)
    monkeypatch.setattr("portal.runtime.alerts.hold", lambda *_, **__: [near("a"), near("b")])
    page = text_of(person.client.get("/panel"))
    assert "Acknowledge: Worker in error" in page
    answer = person.post("/panel/alerts/acknowledge", alert="worker-error", subject=["a", "b"])
    assert answer.status_code == 303
    assert [row.acknowledged_by for row in stored(site)] == [person.name] * 2
    page = text_of(person.client.get("/panel"))
    assert "All alerts are acknowledged." in page
    assert "1 acknowledged" in page
    assert "acknowledged by\n    you" in page
    person.post("/panel/alerts/withdraw", alert="worker-error", subject=["a", "b"])
    assert [row.acknowledged_by for row in stored(site)] == [None] * 2
    answer = person.post("/panel/alerts/acknowledge", alert="exporter-stale", subject="")
    assert answer.status_code == 404


def test_what_another_one_takes_care_of_stays_theirs(
    site: Site, still: StandingClock, monkeypatch: Any
):
    ada, bob = site.signed_in(Role.OPERATOR), site.signed_in(Role.OPERATOR)
    monkeypatch.setattr("portal.runtime.alerts.hold", lambda *_, **__: [near("a"), near("b")])
    ada.post("/panel/alerts/acknowledge", alert="worker-error", subject="a")
    still.advance(seconds=5)
    bob.post("/panel/alerts/acknowledge", alert="worker-error", subject=["a", "b"])
    page = text_of(bob.client.get("/panel/runbook"))
    note = re.search(r'name="note" value="([^"]+)"', page)
    assert note
    bob.post("/panel/alerts/withdraw", note=note[1])
    assert [row.acknowledged_by for row in stored(site)] == [ada.name, None]
    bob.post("/panel/alerts/acknowledge", alert="worker-error", subject="a")
    page = text_of(bob.client.get("/panel/runbook"))
    assert f"Worker in error was acknowledged by {ada.name}." in page
    assert 'name="note"' not in page


def test_the_api_acknowledges_and_withdraws(site: Site, still: StandingClock):
    site.portal.runtime.acknowledgements.acknowledge(By("x"), "worker-error", "a", near("a"))
    site.portal.runtime.acknowledgements.withdraw(By("x"), "worker-error", "a")
    headers = {"Authorization": f"Bearer {site.token('pager', Scope.INCIDENTS_WRITE)}"}
    path = "/api/admin/runtime/alerts/acknowledge"
    asked = {"alert": "worker-error", "subject": "a"}
    answer = site.client().post(path, json=asked, headers=headers)
    assert answer.status_code == 200
    assert answer.json["acknowledgedBy"].startswith("token:")
    answer = site.client().post(path, json={**asked, "acknowledged": False}, headers=headers)
    assert answer.json["acknowledgedBy"] is None
    assert site.client().post(path, json={"alert": "no"}, headers=headers).status_code == 404
