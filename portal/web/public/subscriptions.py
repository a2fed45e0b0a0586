"""Subscribing: asked, confirmed, changed and ended without an account and without a cookie.

A GET never acts: programs that look into mails follow every link. What acts is a button, or the
one request of RFC 8058 that a mail program sends for its user.
"""

from typing import Any

from flask import Blueprint, redirect, request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import clock, web
from portal.errors import RuleError
from portal.notify import outbox, subscribers
from portal.notify.subscribers import (
    ChannelIn,
    Choices,
    Subscriber,
    SubscriberKind,
    SubscriptionIn,
    TooManyQuestionsError,
    Topic,
)
from portal.store import engine
from portal.store.errors import again_if_taken
from portal.web import catalogues, problems
from portal.web.problems import Errors, Problem
from portal.web.public import sheets

blueprint = Blueprint("subscriptions", __name__)
blueprint.after_request(catalogues.keep_choice)

_OLD = "This link is no longer valid"
# By whether it is mail.
_ENDS = {
    True: "We will stop sending mail to %(address)s and delete the address.",
    False: "We will send nothing more to %(address)s and delete the address.",
}
_TOO_MANY = "Many requests for this address or its host wait to be confirmed. Try again in an hour."


@blueprint.route("/subscribe", methods=["GET", "POST"])
def ask() -> Response:
    """The form; the same answer whether the address is known or not."""
    if request.method == "GET":
        return _form(Choices())
    kind = request.form.get("kind", SubscriberKind.MAIL)
    if kind not in subscribers.offered(web.current().core.settings):
        raise Problem(404, "This portal does not offer that.")
    given = {**_chosen(), "address": request.form.get("address", "")}
    try:
        return redirect(sheets.kept(_ask(SubscriberKind(kind), given)), 303)
    except ValidationError as error:
        return _form(given, errors=problems.field_errors(error), status=422)
    except RuleError as error:
        return _form(given, errors={error.field: [error.text]}, status=422)
    except TooManyQuestionsError:
        raise Problem(429, _TOO_MANY, headers={"Retry-After": "3600"}) from None


@again_if_taken
def _ask(kind: SubscriberKind, given: dict[str, Any]) -> str:
    """Send the question; where whoever asked goes on."""
    language, now = catalogues.asked().language, clock.now()
    room = web.current().notify
    is_mail = kind is SubscriberKind.MAIL
    form: type[Choices] = SubscriptionIn if is_mail else ChannelIn
    asked = form.model_validate(given if is_mail else {"kind": kind, **given})
    with sheets.open_session() as session:
        engine.begin_write(session)
        if isinstance(asked, SubscriptionIn):
            subscribers.ask(session, asked, now=now, language=language)
            path = "/subscribe/sent"
        elif isinstance(asked, ChannelIn):
            row = subscribers.ask_channel(
                session, asked, room.addresses, now=now, language=language
            )
            path = f"/subscribe/code/{room.links.answer(row)}"
        session.commit()
    return path


@blueprint.get("/subscribe/sent")
def sent() -> Response:
    return sheets.question(
        "Check your inbox",
        "We sent you a link. Open it within two days to confirm your subscription.",
    )


@blueprint.route("/subscribe/<token>", methods=["GET", "POST"])
def confirm(token: str) -> Response:
    """The link of the first mail."""
    links = web.current().notify.links
    with sheets.open_session() as session:
        is_act = request.method == "POST"
        if is_act:
            engine.begin_write(session)
        row = links.to_confirm(session, token, now=clock.now(), locks=is_act)
        if row is None:
            return sheets.question(
                _OLD,
                "Each link works once, within two days. Request a new one if you need it.",
                link=("/subscribe", "Get updates"),
                status=410,
            )
        if not is_act:
            return sheets.question(
                "Confirm your subscription",
                "We will send updates to %(address)s.",
                address=row.address,
                act=(f"/subscribe/{token}", "Confirm subscription"),
            )
        subscribers.confirm(row, now=clock.now())
        manage = links.manage(row)
        session.commit()
    return sheets.question(
        "You are subscribed",
        "Every mail has a link to change your subscription and one to unsubscribe.",
        link=(f"/subscription/{manage}", "Change your subscription"),
    )


@blueprint.route("/subscription/<token>", methods=["GET", "POST"])
def manage(token: str) -> Response:
    """Other choices."""
    with sheets.open_session() as session:
        is_act = request.method == "POST"
        if is_act:
            engine.begin_write(session)
        row = _subscriber(session, token, locks=is_act)
        if row is None:
            return _gone(token)
        address, errors, status = row.address, {}, 200
        chosen: Any = Choices(topics=[Topic(one) for one in row.topics], components=row.components)
        if is_act:
            chosen = _chosen()
            try:
                subscribers.choose(session, row, Choices.model_validate(chosen))
                row.language = catalogues.asked().language
                session.commit()
            except ValidationError as error:
                errors, status = problems.field_errors(error), 422
            except RuleError as error:
                errors, status = {error.field: [error.text]}, 422
    return sheets.page(
        "subscription",
        status=status,
        token=token,
        address=address,
        chosen=chosen,
        errors=errors,
        is_saved=is_act and not errors,
        **_offer(),
    )


@blueprint.route("/unsubscribe/<token>", methods=["GET", "POST"])
def end(token: str) -> Response:
    """The end of it, by the button or by the mail program's one click."""
    with sheets.open_session() as session:
        if request.method == "GET":
            row = _subscriber(session, token)
            if row is None:
                return _gone(token)
            return sheets.question(
                "Unsubscribe?",
                _ENDS[row.kind == SubscriberKind.MAIL],
                address=row.address,
                act=(f"/unsubscribe/{token}", "Unsubscribe"),
                link=(f"/subscription/{token}", "Change my subscription instead"),
            )
        engine.begin_write(session)
        row = _subscriber(session, token, locks=True)
        if row is not None:
            outbox.drop_of(session, row.id, now=clock.now())
            session.delete(row)
            session.commit()
    return _gone(token)


def _gone(token: str) -> Response:
    if not web.current().notify.links.is_signed(token):
        return sheets.question(
            _OLD,
            "Use the link in a newer message.",
            link=("/", "Go to the status page"),
            status=410,
        )
    return sheets.question(
        "You are not subscribed",
        "We send you nothing and do not keep your address.",
        link=("/subscribe", "Subscribe again"),
    )


def _subscriber(session: Session, token: str, *, locks: bool = False) -> Subscriber | None:
    found: Subscriber | None = web.current().notify.links.to_manage(session, token, locks=locks)
    return found


def _chosen() -> dict[str, Any]:
    return {
        "topics": request.form.getlist("topics"),
        "components": request.form.getlist("components"),
    }


def _form(chosen: Any, *, errors: Errors | None = None, status: int = 200) -> Response:
    """The form of one kind; the others are a link away."""
    offered = subscribers.offered(web.current().core.settings)
    asked = request.values.get("kind", "")
    return sheets.page(
        "subscribe",
        status=status,
        form=request.form,
        chosen=chosen,
        errors=errors or {},
        offered=offered,
        kind=asked if asked in offered else next(iter(offered), ""),
        **_offer(),
    )


def _offer() -> dict[str, Any]:
    """What there is to choose from; the components as the public page has them."""
    board = web.current().board.current()
    groups = board.picture.groups if board else ()
    return {"topics": list(Topic), "groups": groups}
