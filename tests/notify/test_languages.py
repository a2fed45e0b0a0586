"""Mails are in the language in which their reader subscribed."""

import email
import email.policy
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from portal.notify import messages
from portal.notify.channels.letters import Letters
from portal.notify.subscribers import Subscriber
from portal.settings import MailServer
from portal.status.notices import Event, NoticeKind
from tests.conftest import Build
from tests.instants import NOW
from tests.sites import Site


@pytest.fixture
def site(build: Build) -> Site:
    return build(smtp_url=MailServer("127.0.0.1", 9, "offered"), mail_from="status@s.example")


def subscribe(site: Site, language: str) -> Subscriber:
    client = site.client()
    answer = client.post(
        "/subscribe",
        data={"address": f"{language}@example.org", "topics": "incidents"},
        headers={"Accept-Language": language, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303
    with site.portal.core.open_session() as session:
        row = session.scalars(
            select(Subscriber).where(Subscriber.address == f"{language}@example.org")
        ).one()
    link = site.portal.notify.links.confirm(row)
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert client.post(f"/subscribe/{link}", headers=headers).status_code == 200
    with site.portal.core.open_session() as session:
        return session.get_one(Subscriber, row.id)


def letter(site: Site, person: Subscriber, kind: NoticeKind) -> Any:
    letters = Letters(
        sender="status@s.example",
        site="Status",
        url="https://s.example",
        links=site.portal.notify.links,
        render=site.portal.notify.render,
        say=site.portal.notify.say,
    )
    notice: Any = SimpleNamespace(
        id=1,
        kind=kind,
        event=Event.OPENED,
        ref="INC-2030-0001",
        title="Down",
        message="We look.",
        translations={},
        facts={"status": "investigating", "components": {}},
        components=[],
        occurred_at=NOW,
        created_at=NOW,
        thread="incident INC-2030-0001",
    )
    claim: Any = SimpleNamespace(subscriber=person, notice=notice, delivery=1)
    raw = letters.write(claim, messages.of(notice, {}))
    mail = email.message_from_bytes(raw, policy=email.policy.SMTP)
    body = mail.get_body(("plain",))
    assert body is not None
    return str(mail["Subject"]), body.get_content()


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        ("en", "[Status] Investigating: Down", "You get this mail because you subscribed to"),
        ("de", "[Status] In Untersuchung: Down", "weil Sie Status abonniert haben."),
        ("fr", "[Status] En cours d’analyse\u00a0: Down", "Modifier votre abonnement\u00a0: http"),
        ("ja", "[Status] 調査中：Down", "購読されているため"),
        ("ar", "[Status] قيد التحقيق: Down", "إلغاء الاشتراك"),
    ],
)
def test_a_mail_is_in_its_readers_language(site: Site, language: str, subject: str, said: str):
    person = subscribe(site, language)
    assert person.language == language
    head, text = letter(site, person, NoticeKind.INCIDENT)
    assert head == subject
    assert said in text
    assert "We look." in text


def test_the_question_is_in_the_language_of_whoever_asks(site: Site):
    person = subscribe(site, "fr")
    person.wanted = {"topics": ["incidents", "maintenance"], "components": [], "language": "de"}
    person.question = "q"
    head, text = letter(site, person, NoticeKind.SUBSCRIPTION)
    assert head == "[Status] Abonnement bestätigen"
    assert "Störungen, Wartung" in text


def test_other_choices_bring_their_language(site: Site):
    person = subscribe(site, "de")
    path = f"/subscription/{site.portal.notify.links.manage(person)}?lang=es"
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = site.client().post(path, data={"topics": "incidents"}, headers=headers)
    assert "Guardado." in answer.get_data(as_text=True)
    with site.portal.core.open_session() as session:
        assert session.get_one(Subscriber, person.id).language == "es"
