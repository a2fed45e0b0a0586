"""`/api/admin/runtime/maintenance/notifications` and `/subscribers`: what is told, and to whom."""

from apiflask import APIBlueprint
from flask import Response, jsonify
from pydantic import BaseModel, Field

from portal import clock, web
from portal.notify import outbox, subscribers
from portal.notify.broadcasts import Notification, NotificationIn
from portal.notify.channels import chat
from portal.notify.outbox import DeadLetter, NoticeOut
from portal.notify.subscribers import Counts, SubscriberKind, SubscriberOut, WebhookIn, WebhookOut
from portal.web.api import writes
from portal.web.api.pages import Listing, Page, PageQuery

blueprint = APIBlueprint(
    "notifications_api", __name__, url_prefix="/api/admin/runtime/maintenance", tag="Notifications"
)

_MOST_LETTERS = 100


class NoticeList(Page[NoticeOut]):
    """What was sent, with the channels there are; `mailRate` is in mails a second."""

    has_mail: bool
    mail_rate: float
    chats: list[str]
    subscribers: Counts


class SubscriberQuery(PageQuery):
    kind: SubscriberKind | None = Field(default=None)


@blueprint.get("/notifications")
@blueprint.input(PageQuery, location="query", arg_name="page")
@blueprint.output(NoticeList)
def listing(page: PageQuery) -> NoticeList:
    """List notices with the state of their deliveries, latest first."""
    portal = web.current()
    with portal.core.open_session() as session:
        items, total = outbox.page(
            session,
            limit=page.limit,
            offset=page.offset,
            rate=portal.core.settings.mail_rate,
            now=clock.now(),
        )
        counts = subscribers.counts(session)
    return NoticeList(
        items=items,
        total=total,
        limit=page.limit,
        offset=page.offset,
        has_mail=portal.core.settings.smtp_url is not None,
        mail_rate=portal.core.settings.mail_rate,
        chats=chat.names(portal.core.settings.operator_channels),
        subscribers=counts,
    )


@blueprint.post("/notifications")
@blueprint.input(NotificationIn, arg_name="asked")
@blueprint.output(Notification, status_code=202)
@blueprint.doc(responses={200: "The messages that would be sent"})
def notify(asked: NotificationIn) -> Response:
    """Fill in a template and send it. `dryRun` only shows the messages and counts recipients."""
    if asked.dry_run:
        return jsonify(
            web.current().notify.broadcasts.preview(asked).model_dump(mode="json", by_alias=True)
        )
    return writes.write(
        lambda by: web.current().notify.broadcasts.send(by, asked), _shown, status=202
    )


@blueprint.get("/notifications/dead")
@blueprint.output(Listing[DeadLetter])
def dead() -> Listing[DeadLetter]:
    """List failed deliveries, latest first."""
    with web.current().core.open_session() as session:
        items = outbox.dead_letters(session, limit=_MOST_LETTERS)
    return Listing(items=items, total=len(items))


@blueprint.post("/notifications/dead/<int(max=2147483647):number>/retry")
@blueprint.doc(responses={204: "The delivery is queued again"})
def retry(number: int) -> tuple[str, int]:
    """Try a failed delivery again."""
    web.current().notify.deliveries.retry(writes.by(), number)
    return "", 204


@blueprint.get("/subscribers")
@blueprint.input(SubscriberQuery, location="query", arg_name="page")
@blueprint.output(Page[SubscriberOut])
def listing_subscribers(page: SubscriberQuery) -> Page[SubscriberOut]:
    """List subscribers, newest first."""
    with web.current().core.open_session() as session:
        rows, total = subscribers.page(
            session, limit=page.limit, offset=page.offset, kind=page.kind
        )
        items = [subscribers.out(row) for row in rows]
    return Page(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("/subscribers")
@blueprint.input(WebhookIn, arg_name="new")
@blueprint.output(WebhookOut, status_code=201)
def add(new: WebhookIn) -> Response:
    """Add a webhook. Only this answer shows its signing key."""
    return writes.write(
        lambda by: web.current().notify.subscribers.add_webhook(by, new), _shown, status=201
    )


@blueprint.delete("/subscribers/<int(max=2147483647):number>")
@blueprint.doc(responses={204: "Removed"})
def remove(number: int) -> tuple[str, int]:
    """Remove a subscriber and delete the address."""
    web.current().notify.subscribers.remove(writes.by(), number)
    return "", 204


def _shown(made: object) -> BaseModel:
    shown: BaseModel = made.shown  # type: ignore[attr-defined]
    return shown
