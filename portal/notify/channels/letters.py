"""Mails as a subscriber gets them."""

from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from hashlib import sha256

from portal.notify.channels.forms import Form, cut, placeholder
from portal.notify.messages import Message, Render
from portal.notify.outbox import Claim
from portal.notify.subscribers import Links, Subscriber, Topic
from portal.status import prose
from portal.status.notices import NoticeKind

# Gives a text in a language.
Say = Callable[[str, str], str]
# Of some notices at a time, with links of a few lengths each.
FORMS_KEPT = 64
_POLICY = SMTP.clone(cte_type="7bit")


class Letters:
    """Writes the mails of a site."""

    def __init__(
        self, *, sender: str, site: str, url: str, links: Links, render: Render, say: Say
    ) -> None:
        self._sender, self._site, self._url = sender, site, url
        self._links, self._render, self._say = links, render, say
        self._host = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
        self._forms: dict[tuple[int, int, str], tuple[Message, Form]] = {}

    @property
    def envelope_sender(self) -> str:
        return parseaddr(self._sender)[1]

    def write(self, claim: Claim, message: Message) -> bytes:
        """The mail of a delivery; its Message-ID is the same at every try."""
        person = claim.subscriber
        assert person is not None
        name = f"{claim.notice.id}.{claim.delivery}"
        head = {"Message-ID": f"<{name}@{self._host}>"}
        if claim.notice.kind == NoticeKind.SUBSCRIPTION:
            language = asked_in(person)
            text, html = self._render(
                "question",
                confirm=self._links.confirm(person),
                url=self._url,
                topics=topics_of(person, self._say),
                site_name=self._site,
                language=language,
            )
            subject = f"[{self._site}] {self._say(language, 'Confirm your subscription')}"
            return self._mail(claim, subject, text, html, head)
        manage = self._links.manage(person)
        # What is about one thing stands together, for each recipient by itself.
        thread = sha256(f"{claim.notice.thread} {person.id}".encode()).hexdigest()[:24]
        head |= {
            "References": f"<{thread}@{self._host}>",
            "In-Reply-To": f"<{thread}@{self._host}>",
            "List-Id": f"<status.{self._host}>",
            "List-Unsubscribe": f"<{self._url}/unsubscribe/{manage}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        return _head(person.address, head) + self._form(claim, message, len(manage)).fill(manage)

    def _form(self, claim: Claim, message: Message, length: int) -> Form:
        """The mail of a notice without what differs from reader to reader.

        It is rendered once a language.
        """
        assert claim.subscriber is not None
        language = claim.subscriber.language
        key = (claim.notice.id, length, language)
        known = self._forms.get(key)
        # A component may have another name since.
        if known is not None and known[0] == message:
            return known[1]
        text, html = self._render(
            "notice",
            message=message,
            manage=placeholder(length),
            url=self._url,
            site_name=self._site,
            language=language,
        )
        told = replace(message, word=self._say(language, message.word))
        subject = told.subject(self._site, self._say(language, prose.COLON))
        form = cut(self._body(claim, subject, text, html), length)
        while len(self._forms) >= FORMS_KEPT:
            del self._forms[next(iter(self._forms))]
        self._forms[key] = (message, form)
        return form

    def _mail(
        self, claim: Claim, subject: str, text: str, html: str, head: dict[str, str]
    ) -> bytes:
        assert claim.subscriber is not None
        return _head(claim.subscriber.address, head) + self._body(claim, subject, text, html)

    def _body(self, claim: Claim, subject: str, text: str, html: str) -> bytes:
        """A mail but for the lines of its head that are one reader's."""
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = self._sender
        # The library decodes what looks like an encoded word, and writes out line ends in it.
        mail["Subject"] = subject.replace("=?", "= ?")
        mail["Date"] = format_datetime(claim.notice.created_at)
        # No absence is reported to a machine, and no other machine answers it.
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        return mail.as_bytes()


def asked_in(person: Subscriber) -> str:
    """The language of a question."""
    language: str = person.wanted.get("language", person.language)
    return language


def topics_of(person: Subscriber, say: Say) -> str:
    """What somebody asked to hear of, in that language."""
    language, wanted = asked_in(person), person.wanted.get("topics", [])
    named = [one.value for one in Topic if one.value in wanted]
    if language == "en":
        return prose.listed(named)
    return ", ".join(say(language, name.capitalize()) for name in named)


def _head(address: str, head: dict[str, str]) -> bytes:
    """The lines of a head that are one reader's.

    The library breaks long addresses up into encoded words, which programs that look for an address
    do not read: these go as they are. All of them are of our own making, and an address has no line
    end, no blank and nothing but ASCII.
    """
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"To: {address}\r\n{lines}".encode("ascii")


def preview(message: Message, *, render: Render, site: str, url: str) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail as a subscriber would get it."""
    text, html = render("notice", message=message, manage="…", url=url, site_name=site)
    return message.subject(site), text, html
