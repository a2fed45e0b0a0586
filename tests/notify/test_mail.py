"""From an operator's act to a mail that a real server took."""

import re
from datetime import timedelta

import pytest

from portal import clock
from portal.status.components import ComponentIn
from portal.status.incidents import UpdateIn
from portal.status.notices import Notice
from portal.status.windows import WindowAct, WindowIn
from portal.store import engine
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, settings, states, subscribe
from tests.notify.post import Post, text_of
from tests.sites import Site


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def test_an_incident_is_told_to_the_end_in_one_thread(mailing: Site, post: Post):
    subscribe(mailing, "ada@example.com")
    status = mailing.portal.status
    with Told(mailing) as told:
        row = status.incidents.open(By("test"), an_incident())
        told.run()
        status.incidents.update(
            By("test"),
            row.reference,
            UpdateIn(status="resolved", message="All is well.", root_cause_category="deploy"),
        )
        told.run()
    first, last = post.to("ada@example.com")
    assert first["Subject"] == "[Test status] Investigating: Payments fail"
    assert last["Subject"] == "[Test status] Resolved: Payments fail"
    assert first["References"] == last["References"] == last["In-Reply-To"]
    assert first["Message-ID"] != last["Message-ID"]
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # As bytes: what reads these headers knows nothing of encoded words.
    for name in (b"List-Unsubscribe: <https://", b"References: <", b"In-Reply-To: <"):
        assert name in post.raw[0]
    assert b"=?" not in post.raw[0]
    link = re.fullmatch(
        r"<(https://status\.example\.com/unsubscribe/\S+)>", first["List-Unsubscribe"]
    )
    assert link
    text, html = text_of(first), text_of(first, "html")
    assert "We **look** into it." in text
    assert "<strong>look</strong>" in html
    for body in (text, html):
        assert f"https://status.example.com/incidents/{row.reference}" in body
        assert link.group(1) in body
    assert states(mailing) == {"sent": 2}


def test_what_is_not_public_is_told_to_nobody(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident(audiences=["operations"]))
        told.run()
    assert post.taken == []


def test_components_and_topics_choose(site: Site, post: Post):
    for slug in ("api", "web"):
        site.portal.status.components.add(By("test"), ComponentIn(slug=slug, name=slug.upper()))
    hidden = ComponentIn(slug="vault", name="Secret vault", is_public=False)
    site.portal.status.components.add(By("test"), hidden)
    subscribe(site, "all@example.com")
    subscribe(site, "api@example.com", components=["api"])
    subscribe(site, "web@example.com", components=["web"])
    subscribe(site, "planned@example.com", topics=["maintenance"])
    impacts = [{"component": one, "state": "major_outage"} for one in ("api", "vault")]
    with Told(site) as told:
        site.portal.status.incidents.open(By("test"), an_incident(components=impacts))
        told.run()
    assert sorted(address for address, _ in post.taken) == ["all@example.com", "api@example.com"]
    mail = post.to("api@example.com")[0]
    assert "Affected: API (major outage)" in text_of(mail)
    assert "vault" not in mail.as_string().lower()


def test_a_longer_window_says_previously_and_now(site: Site, post: Post, still: StandingClock):
    subscribe(site, "ada@example.com")
    given = WindowIn(
        title="Migration", zone="Europe/Berlin", ends_at=clock.now() + timedelta(minutes=30)
    )
    with Told(site) as told:
        row = site.portal.status.windows.schedule(By("test"), given)
        site.portal.status.windows.act(
            By("test"), row.reference, WindowAct(action="extend", duration="1h")
        )
        told.run()
        still.advance(minutes=20)
        site.portal.status.windows.act(By("test"), row.reference, WindowAct(action="end"))
        told.run()
    first, second, third = post.to("ada@example.com")
    assert "Maintenance is over: Migration" in third["Subject"]
    assert "Previously: Mon 3 Jun, 14:00 – 15:30" in text_of(third)
    assert "Now: Mon 3 Jun, 14:00 – 14:20" in text_of(third)
    assert "Maintenance has begun: Migration" in first["Subject"]
    assert "Maintenance takes longer: Migration" in second["Subject"]
    assert "Previously: Mon 3 Jun, 14:00 – 14:30 (Europe/Berlin, 12:00 – 12:30 UTC)" in text_of(
        second
    )
    assert "Now: Mon 3 Jun, 14:00 – 15:30 (Europe/Berlin, 12:00 – 13:30 UTC)" in text_of(second)


def test_a_title_adds_no_header(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    with Told(site) as told:
        site.portal.status.incidents.open(
            By("test"), an_incident(title="Payments\r\nBcc: eve@example.com\u2028x")
        )
        told.run()
    (mail,) = post.to("ada@example.com")
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[Test status] Investigating: Payments Bcc: eve@example.com x"


def test_what_works_again_is_not_told_as_affected(site: Site, post: Post):
    for slug in ("api", "web"):
        site.portal.status.components.add(By("test"), ComponentIn(slug=slug, name=slug.upper()))
    subscribe(site, "api@example.com", components=["api"])
    both = [{"component": one, "state": "major_outage"} for one in ("api", "web")]
    with Told(site) as told:
        row = site.portal.status.incidents.open(By("test"), an_incident(components=both))
        told.run()
        update = UpdateIn.model_validate(
            {"status": "monitoring", "message": "Half of it.", "components": both[1:]}
        )
        site.portal.status.incidents.update(By("test"), row.reference, update)
        told.run()
    first, second = [text_of(mail) for mail in post.to("api@example.com")]
    assert "Affected: API (major outage), WEB (major outage)" in first
    assert "Affected: WEB (major outage)" in second


def test_one_cause_is_one_notice(either: Site):
    given = an_incident()
    row = either.portal.status.incidents.open(By("test"), given)
    with either.portal.core.open_session() as session:
        engine.begin_write(session)
        from portal.status import notices
        from portal.status.notices import Event, NoticeKind

        for _ in range(2):
            notices.put(
                session,
                NoticeKind.INCIDENT,
                Event.OPENED,
                row.reference,
                notices.Content(title="again", audiences=["public"]),
                now=clock.now(),
            )
        session.commit()
        assert [one.title for one in session.query(Notice)] == ["Payments fail"]
