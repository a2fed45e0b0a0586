"""What operators wrote, in the language of each subscriber: by mail, in channels, to machines."""

import json
from email.message import EmailMessage
from typing import Any

import pytest

from portal.notify import messages
from portal.notify.subscribers import Subscriber
from portal.status.incidents import UpdateIn
from portal.status.retrospectives import RetrospectiveIn
from portal.store import engine
from portal.unit_of_work import By
from tests.conftest import Build
from tests.notify.channels import Reached, channel, sent_to
from tests.notify.deliveries import Told, an_incident, settings, subscribe
from tests.notify.post import Post, text_of
from tests.notify.targets import listening, plain
from tests.sites import Site

TEXTS = {
    "de": {"title": "Zahlungen scheitern", "message": "Wir **prüfen** <b>das</b>."},
    "ar": {"title": "فشل المدفوعات"},
}
ORIGINAL = "Payments fail"


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def readers(site: Site, *names: str) -> None:
    """Readers of mails, each in the language that its name begins with."""
    for name in names or ("en", "de", "ar", "fr"):
        subscribe(site, f"{name}@example.com")
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        for row in session.query(Subscriber):
            row.language = str(row.address)[:2]
        session.commit()


def html_of(mail: EmailMessage) -> str:
    return text_of(mail, "html")


def test_a_mail_has_what_there_is_in_its_language(site: Site, post: Post):
    readers(site)
    new = an_incident(translations=TEXTS)
    row = site.portal.status.incidents.open(By("ada"), new)
    with Told(site) as told:
        told.run()
    mails = {name: post.to(f"{name}@example.com")[0] for name in ("en", "de", "ar", "fr")}
    assert str(mails["de"]["Subject"]).endswith(TEXTS["de"]["title"])
    assert "Wir **prüfen**" in text_of(mails["de"])
    assert "<strong>prüfen</strong> &lt;b&gt;das" in html_of(mails["de"])
    assert ORIGINAL not in text_of(mails["de"]) + html_of(mails["de"])
    assert str(mails["ar"]["Subject"]).endswith(TEXTS["ar"]["title"])
    for name in ("en", "fr"):
        assert str(mails[name]["Subject"]).endswith(ORIGINAL)
    for name in ("en", "ar", "fr"):
        assert "We **look** into it." in text_of(mails[name])
    assert row.version == 1


def test_what_was_learned_has_the_title_alone(site: Site, post: Post):
    readers(site)
    status = site.portal.status
    reference = status.incidents.open(By("ada"), an_incident(translations=TEXTS)).reference
    over = UpdateIn(status="resolved", message="Over.", root_cause_category="deploy")
    status.incidents.update(By("ada"), reference, over)
    learned = RetrospectiveIn(root_cause_category="deploy", root_cause="A disk.", published=True)
    status.retrospectives.save(By("ada"), reference, learned)
    with Told(site) as told:
        told.run()
    last = post.to("de@example.com")[-1]
    assert TEXTS["de"]["title"] in str(last["Subject"])
    assert "A disk." in text_of(last)


def test_the_same_notice_is_written_once_a_language(
    site: Site, post: Post, monkeypatch: pytest.MonkeyPatch
):
    readers(site, "de1", "de2", "fr1", "fr2", "fr3")
    made: list[str] = []
    plain_of = messages.of

    def of(notice: Any, names: Any, language: str = "") -> Any:
        made.append(language)
        return plain_of(notice, names, language)

    monkeypatch.setattr(messages, "of", of)
    site.portal.status.incidents.open(By("ada"), an_incident(translations=TEXTS))
    with Told(site) as told:
        told.run()
    assert sorted(made) == ["de", "fr"]
    assert len(post.taken) == 5


@pytest.mark.parametrize("language", ["en", "de", "ar"])
@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_a_card_has_what_there_is_in_its_language(build: Build, kind: str, language: str):
    site = build(external_url="https://status.example.com")
    with listening(plain(200)) as server:
        channel(site, server, kind, language=language)
        site.portal.status.incidents.open(By("ada"), an_incident(translations=TEXTS))
        with Reached(site) as told:
            told.run()
        (said,) = sent_to(server)
    text = json.dumps(said, ensure_ascii=False)
    for name in ("de", "ar"):
        assert (TEXTS[name]["title"] in text) is (name == language)
    assert (ORIGINAL in text) is (language == "en")
    assert ("prüfen" in text) is (language == "de")


def test_a_webhook_gets_the_original_and_all_there_is(build: Build):
    site = build(external_url="https://status.example.com")
    with listening(plain(200)) as server:
        channel(site, server, "webhook", language="de")
        site.portal.status.incidents.open(By("ada"), an_incident(translations=TEXTS))
        site.portal.status.incidents.open(By("ada"), an_incident(title="Another"))
        with Reached(site) as told:
            told.run()
        found = {one["title"]: one for one in sent_to(server)}
    assert found[ORIGINAL]["translations"] == TEXTS
    assert found[ORIGINAL]["message"] == "We **look** into it."
    assert "translations" not in found["Another"]
