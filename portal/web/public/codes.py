"""The page on which the code that was sent into a channel is typed; its address is the way in."""

from flask import Blueprint, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import clock, web
from portal.notify import subscribers
from portal.notify.subscribers import Subscriber, SubscriberKind
from portal.store import engine
from portal.web import catalogues
from portal.web.public import sheets

blueprint = Blueprint("codes", __name__)
blueprint.after_request(catalogues.keep_choice)

_WRONG = "This is not the code. Copy it from the last message in the channel."


@blueprint.route("/subscribe/code/<token>", methods=["GET", "POST"])
def answer(token: str) -> Response:
    """The form; the right code confirms, and only so many can be tried."""
    with sheets.open_session() as session:
        is_try = request.method == "POST"
        if is_try:
            engine.begin_write(session)
        links, now = web.current().notify.links, clock.now()
        row = links.to_answer(session, token, now=now, locks=is_try)
        if row is None or not subscribers.has_tries(row):
            return _old()
        if not is_try:
            return _form(token, row)
        is_new = row.confirmed_at is None
        is_right = _try(session, row)
    if is_right:
        return _done(row, is_new=is_new)
    return _form(token, row, is_wrong=True) if subscribers.has_tries(row) else _old()


def _try(session: Session, row: Subscriber) -> bool:
    """Whether the code is right; that it was tried is written down whichever way."""
    typed = request.form.get("code", "")[:40]
    is_right = subscribers.answer(row, typed, web.current().notify.links, now=clock.now())
    session.commit()
    return is_right


def _form(token: str, row: Subscriber, *, is_wrong: bool = False) -> Response:
    return sheets.page(
        "code",
        status=422 if is_wrong else 200,
        token=token,
        address=row.address,
        kind=row.kind,
        errors={"code": [_WRONG]} if is_wrong else {},
    )


def _done(row: Subscriber, *, is_new: bool) -> Response:
    manage = web.current().notify.links.manage(row)
    is_webhook = row.kind == SubscriberKind.WEBHOOK
    return sheets.question(
        "You are subscribed",
        "Every message has a link to change your subscription and one to unsubscribe.",
        link=(f"/subscription/{manage}", "Change your subscription"),
        # Shown once: whoever asks again for a channel does not learn it.
        secret=row.secret if is_webhook and is_new else "",
    )


def _old() -> Response:
    return sheets.question(
        "This code is no longer valid",
        "Each code works once, within two days, and allows five tries."
        " You can request a new one after ten minutes.",
        link=("/subscribe", "Get updates"),
        status=410,
    )
