"""A mail that is rendered once: filled in, it is what it would be if it were rendered for one."""

import email
import email.policy
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

import pytest

from portal.notify.channels import letters as letters_module
from portal.notify.channels.forms import cut, placeholder
from portal.notify.channels.letters import Letters
from portal.notify.messages import Message
from portal.notify.subscribers import Links, Subscriber
from tests.instants import NOW
from tests.notify.post import text_of

pytestmark = pytest.mark.unit
MESSAGE = Message(
    word="Investigating",
    tone="bad",
    title="Zahlungen schlagen fehl, =XX, ünïcode",
    text="We look.\n.\nFrom here on.",
    html="<p>We look.</p>",
    link="/incidents/INC-1",
    link_word="Read on",
)


class Site:
    """Letters whose templates are long lines, so that links are broken at any sign."""

    def __init__(self, before: int = 0) -> None:
        self.rendered = 0
        self.before = "b" * before
        self.links = Links(("secret",))
        self.letters = Letters(
            say=lambda _, text: text,
            sender="status@example.com",
            site="Status",
            url="https://s.example",
            links=self.links,
            render=self.render,
        )

    def render(self, name: str, *, message: Message, manage: str, **_: Any) -> tuple[str, str]:
        self.rendered += 1
        text = f"{message.title}\n{message.text}\n{self.before}/unsubscribe/{manage}\n"
        return text, f'<p>{message.title}</p><a href="{self.before}/s/{manage}">x</a>{manage}'

    def claim(self, number: int, notice: int = 1) -> Any:
        person = Subscriber(id=number, kind="mail", address=f"p{number}@x.example", created_at=NOW)
        told = SimpleNamespace(id=notice, kind="incident", created_at=NOW, thread="incident INC-1")
        return SimpleNamespace(subscriber=person, notice=told, delivery=number * 10)


def read(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@pytest.mark.parametrize("before", range(0, 80, 7))
def test_what_is_filled_in_is_what_would_be_rendered(before: int):
    site = Site(before)
    for number in (7, 12345, 8, 999_999_999):
        claim = site.claim(number)
        manage = site.links.manage(claim.subscriber)
        raw = site.letters.write(claim, MESSAGE)
        mail = read(raw)
        text, html = site.render("notice", message=MESSAGE, manage=manage)
        assert text_of(mail).splitlines() == text.splitlines()
        assert text_of(mail, "html").strip() == html
        assert mail["To"] == f"p{number}@x.example"
        assert mail["List-Unsubscribe"] == f"<https://s.example/unsubscribe/{manage}>"
        assert mail["Message-ID"].startswith(f"<1.{number * 10}@")
        assert max(map(len, raw.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 78


def test_a_notice_is_rendered_once_for_each_length_of_a_link():
    site = Site()
    mails = {site.letters.write(site.claim(number), MESSAGE) for number in range(100, 1000)}
    assert len(mails) == 900
    assert site.rendered <= 2
    site.letters.write(site.claim(100, notice=2), MESSAGE)
    assert site.rendered <= 3


def test_what_has_other_words_since_is_rendered_anew():
    site = Site()
    site.letters.write(site.claim(100), MESSAGE)
    changed = Message(**{**vars(MESSAGE), "title": "Other"})
    assert read(site.letters.write(site.claim(100), changed))["Subject"].endswith("Other")


def test_forms_do_not_gather(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(letters_module, "FORMS_KEPT", 3)
    site = Site()
    for number in range(9):
        site.letters.write(site.claim(100, notice=number), MESSAGE)
    assert len(site.letters._forms) == 3


def test_a_form_without_a_place_is_the_mail():
    assert cut(b"as it is", 30).fill("x" * 30) == b"as it is"


def test_a_place_that_is_broken_over_lines():
    mark = placeholder(12).encode()
    form = cut(b"a " + mark[:5] + b"=\r\n" + mark[5:] + b" b " + mark, 12)
    assert form.fill("abcdefghijkl") == b"a abcde=\r\nfghijkl b abcdefghijkl"


@pytest.mark.parametrize("length", [1, 4, 5, 6, 11])
def test_the_place_is_as_long_as_the_link(length: int):
    assert placeholder(length) == "Xq7ZvXq7ZvXq7Zv"[:length]
