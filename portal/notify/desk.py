"""The desk: what operators do about notices and subscribers, each act with its audit event."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.errors import NotFoundError
from portal.notify import messages, outbox, subscribers
from portal.notify.channels import chat, mail
from portal.notify.messages import Render
from portal.notify.subscribers import Subscriber, SubscriberKind, WebhookIn
from portal.schemas import Camel
from portal.status import components, notices, templates
from portal.status.components import Slug
from portal.status.notices import Event, Notice, NoticeKind
from portal.status.templates import MessageTemplate, TemplateName
from portal.status.terms import Audience, Audiences
from portal.store.errors import retried
from portal.store.idempotency import IdempotencyKey
from portal.store.revision import transaction


class NotificationIn(Camel):
    """A wish to fill a template and send it; nobody gets it with `dryRun`."""

    template: TemplateName
    values: Annotated[
        dict[str, Annotated[str, StringConstraints(max_length=1000)]], Field(max_length=40)
    ] = {}
    audiences: Audiences = [Audience.PUBLIC]
    components: list[Slug] = Field(default=[], max_length=100)
    dry_run: bool = False


class Rendering(Camel):
    """A message as one kind of recipient gets it; a webhook's `text` is its JSON."""

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
class Made:
    """What an act made, as `IdempotencyKey` and the answers of the API want it."""

    id: int
    shown: Any
    version: int = 1


@dataclass(frozen=True)
class Sender:
    """What renders the messages of a site."""

    site: str
    url: str
    render: Render
    chats: tuple[str, ...]


class Desk:
    """Sends, tries again, adds and removes; nothing of it is on the board."""

    def __init__(self, open_session: Callable[[], Session], sender: Sender) -> None:
        self._open_session = open_session
        self._sender = sender

    def rehearse(self, wish: NotificationIn) -> Notification:
        """All messages and their numbers of recipients; nothing is stored."""
        with self._open_session() as session:
            return self._shown(session, self._notice(session, wish), None)

    @retried
    def send(self, wish: NotificationIn, *, actor: str, once: IdempotencyKey | None = None) -> Made:
        """Put it into the outbox."""
        with transaction(self._open_session) as (session, now):
            draft = self._notice(session, wish)
            notices.put(
                session,
                NoticeKind.MESSAGE,
                Event.SENT,
                draft.ref,
                title=draft.title,
                message=draft.message,
                audiences=draft.audiences,
                channels=draft.channels,
                components=draft.components,
                now=now,
            )
            row = session.query(Notice).filter_by(kind=draft.kind, ref=draft.ref).one()
            made = Made(row.id, self._shown(session, row, row.id))
            chain.append(
                session,
                "maintenance.notification.sent",
                actor=actor,
                at=now,
                template=wish.template,
                audiences=draft.audiences,
                recipients=made.shown.recipients,
            )
            if once is not None:
                once.store(session, made, now)
        return made

    @retried
    def try_again(self, delivery: int, *, actor: str) -> None:
        """Give a dead letter another life; NotFoundError when it is none."""
        with transaction(self._open_session) as (session, now):
            if outbox.try_again(session, delivery, now=now) is None:
                raise NotFoundError
            chain.append(
                session, "maintenance.notification.retried", actor=actor, at=now, delivery=delivery
            )

    @retried
    def add_webhook(
        self, wish: WebhookIn, *, actor: str, once: IdempotencyKey | None = None
    ) -> Made:
        """A webhook, with the key of its signatures, which is shown this once."""
        with transaction(self._open_session) as (session, now):
            row = subscribers.add_webhook(session, wish, actor=actor, now=now)
            shown = subscribers.WebhookOut(**subscribers.out(row).model_dump(), secret=row.secret)
            if once is not None:
                # A key that is shown once is not kept for a second answer.
                once.store(session, Made(row.id, shown.model_copy(update={"secret": ""})), now)
        return Made(row.id, shown)

    @retried
    def remove_subscriber(self, number: int, *, actor: str) -> None:
        """End a subscription; NotFoundError when there is none."""
        with transaction(self._open_session) as (session, now):
            row = session.get(Subscriber, number)
            if row is None:
                raise NotFoundError
            outbox.drop_of(session, row.id, now=now)
            subscribers.remove(session, row, actor=actor, now=now)

    def _notice(self, session: Session, wish: NotificationIn) -> Notice:
        """The notice of a wish, not stored; RuleError for what cannot be filled in."""
        template = session.get(MessageTemplate, wish.template)
        if template is None:
            raise NotFoundError
        components.known(session, wish.components)
        rendered = templates.render(template, wish.values)
        return Notice(
            kind=NoticeKind.MESSAGE.value,
            event=Event.SENT.value,
            ref=secrets.token_hex(8),
            occurred_at=clock.now(),
            title=rendered.title,
            message=rendered.message,
            facts={},
            audiences=[one.value for one in dict.fromkeys(wish.audiences)],
            channels=list(notices.SENT),
            components=wish.components,
        )

    def _shown(self, session: Session, notice: Notice, number: int | None) -> Notification:
        found = self._renderings(session, notice)
        return Notification(
            id=number,
            title=notice.title,
            message=notice.message,
            messages=found,
            recipients=sum(one.recipients for one in found),
        )

    def _renderings(self, session: Session, notice: Notice) -> list[Rendering]:
        """A notice as each kind of recipient gets it, with how many there are."""
        sender, told = self._sender, subscribers.told(session, notice)
        names = messages.names(session)
        message = messages.of(notice, names)
        subject, text, html = mail.preview(
            message, render=sender.render, site=sender.site, url=sender.url
        )
        body = messages.payload(notice, names, site=sender.site, url=sender.url)
        return [
            Rendering(
                channel="mail",
                subject=subject,
                text=text,
                html=html,
                recipients=told[SubscriberKind.MAIL],
            ),
            Rendering(
                channel="webhook",
                subject="",
                html="",
                text=json.dumps(body, ensure_ascii=False, indent=2),
                recipients=told[SubscriberKind.WEBHOOK],
            ),
            Rendering(
                channel="chat",
                subject=messages.quiet(subject),
                html="",
                text=chat.body(message, render=sender.render, url=sender.url),
                recipients=len(sender.chats),
            ),
        ]
