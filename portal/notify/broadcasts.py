"""Broadcasts: a message template, filled in and sent to whom an operator chooses."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import found
from portal.notify import messages, subscribers
from portal.notify.channels import card, chat, letters, slack, teams
from portal.notify.messages import Render
from portal.notify.subscribers import SubscriberKind
from portal.schemas import Camel
from portal.status import components, notices, templates
from portal.status.components import Slug
from portal.status.notices import Event, Notice, NoticeKind
from portal.status.templates import MessageTemplate, TemplateName
from portal.status.terms import Audience, Audiences
from portal.unit_of_work import Acts, By, Transaction, act

Told = Mapping[SubscriberKind, int]


class NotificationIn(Camel):
    """A template to fill and send; nobody gets it with `dryRun`."""

    template: TemplateName
    values: Annotated[
        dict[str, Annotated[str, StringConstraints(max_length=1000)]], Field(max_length=40)
    ] = {}
    audiences: Audiences = [Audience.PUBLIC]
    components: list[Slug] = Field(default=[], max_length=100)
    dry_run: bool = False


class Rendering(Camel):
    """A message as one kind of recipient gets it; the `text` of a channel is its JSON."""

    channel: str
    subject: str
    text: str
    html: str
    recipients: int


class Notification(Camel):
    """What is sent, or would be; `id` is the notice's, none when nothing was sent."""

    id: int | None
    title: str
    message: str
    recipients: int
    messages: list[Rendering]


@dataclass(frozen=True)
class Sent:
    """A broadcast in the outbox, as the faces show it."""

    id: int
    shown: Notification
    version: int = 1


@dataclass(frozen=True)
class Sender:
    """What renders the messages of a site."""

    site: str
    url: str
    render: Render
    chats: tuple[str, ...]


class Broadcasts(Acts):
    """Acts on broadcasts; nothing of them is on the board."""

    revision = None

    def __init__(self, open_session: Callable[[], Session], sender: Sender) -> None:
        super().__init__(open_session)
        self._sender = sender

    def preview(self, asked: NotificationIn) -> Notification:
        """All messages and their numbers of recipients; nothing is stored."""
        with self.open_session() as session:
            draft = _draft(session, asked)
            return self._shown(session, draft, None, subscribers.told(session, draft))

    def send(self, by: By, asked: NotificationIn) -> Sent:
        """Put it into the outbox; its recipients are counted before, while others may write."""
        with self.open_session() as session:
            told = subscribers.told(session, _draft(session, asked))
        return self._send(by, asked, told)

    @act
    def _send(self, tx: Transaction, asked: NotificationIn, told: Told) -> Sent:
        draft = _draft(tx.session, asked)
        notices.put(
            tx.session,
            NoticeKind.MESSAGE,
            Event.SENT,
            draft.ref,
            notices.Content.of(draft),
            now=tx.now,
        )
        row = tx.session.query(Notice).filter_by(kind=draft.kind, ref=draft.ref).one()
        sent = Sent(row.id, self._shown(tx.session, row, row.id, told))
        tx.audit(
            "maintenance.notification.sent",
            template=asked.template,
            audiences=draft.audiences,
            recipients=sent.shown.recipients,
        )
        return sent

    def _shown(
        self, session: Session, notice: Notice, number: int | None, told: Told
    ) -> Notification:
        found = self._renderings(session, notice, told)
        return Notification(
            id=number,
            title=notice.title,
            message=notice.message,
            messages=found,
            recipients=sum(one.recipients for one in found),
        )

    def _renderings(self, session: Session, notice: Notice, told: Told) -> list[Rendering]:
        """A notice as each kind of recipient gets it, with how many there are."""
        sender = self._sender
        names = messages.names(session)
        message = messages.of(notice, names)
        subject, text, html = letters.preview(
            message, render=sender.render, site=sender.site, url=sender.url
        )
        body = messages.payload(notice, names, site=sender.site, url=sender.url)
        shown = card.of(message, sender.render, site=sender.site, url=sender.url)
        shown = shown.with_ways(sender.url, sender.url)
        return [
            Rendering(
                channel="mail",
                subject=subject,
                text=text,
                html=html,
                recipients=told[SubscriberKind.MAIL],
            ),
            *(
                Rendering(
                    channel=kind.value,
                    subject="",
                    html="",
                    text=json.dumps(sent, ensure_ascii=False, indent=2),
                    recipients=told[kind],
                )
                for kind, sent in (
                    (SubscriberKind.SLACK, slack.body(shown)),
                    (SubscriberKind.TEAMS, teams.body(shown)),
                    (SubscriberKind.WEBHOOK, body),
                )
            ),
            Rendering(
                channel="chat",
                subject=messages.quiet(subject),
                html="",
                text=chat.body(message, render=sender.render, url=sender.url),
                recipients=len(sender.chats),
            ),
        ]


def _draft(session: Session, asked: NotificationIn) -> Notice:
    """The notice of it, not stored; RuleError for what cannot be filled in."""
    template = found(session.get(MessageTemplate, asked.template))
    components.known(session, asked.components)
    rendered = templates.render(template, asked.values)
    return Notice(
        kind=NoticeKind.MESSAGE.value,
        event=Event.SENT.value,
        ref=secrets.token_hex(8),
        occurred_at=clock.now(),
        title=rendered.title,
        message=rendered.message,
        facts={},
        audiences=[one.value for one in dict.fromkeys(asked.audiences)],
        channels=list(notices.SENT),
        components=asked.components,
    )
