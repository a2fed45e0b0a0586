"""Subscribing by mail: asked, confirmed, changed and ended without an account and without a cookie.

A GET never acts: programs that look into mails follow every link. What acts is a button, or the
one request of RFC 8058 that a mail program sends for its user.
"""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import clock, web
from portal.board.languages import PARAMETER
from portal.errors import RuleError
from portal.notify import outbox, subscribers
from portal.notify.subscribers import (
    Choices,
    Subscriber,
    SubscriptionIn,
    TooManyQuestionsError,
    Topic,
)
from portal.store import engine
from portal.web import catalogues, problems
from portal.web.problems import Errors, Problem

blueprint = Blueprint("subscriptions", __name__)
blueprint.after_request(catalogues.keep_choice)

_OLD = "This link is no longer valid"


@blueprint.route("/subscribe", methods=["GET", "POST"])
def ask() -> Response:
    """The form; the same answer whether the address is known or not."""
    if request.method == "GET":
        return _form(Choices())
    if not _has_mail():
        raise Problem(404, "This portal does not send mail.")
    chosen = _chosen()
    try:
        asked = SubscriptionIn.model_validate(
            {**chosen, "address": request.form.get("address", "")}
        )
        with _open_session() as session:
            engine.begin_write(session)
            language = catalogues.asked().language
            subscribers.ask(session, asked, now=clock.now(), language=language)
            session.commit()
    except ValidationError as error:
        return _form(chosen, errors=problems.field_errors(error), status=422)
    except RuleError as error:
        return _form(chosen, errors={error.field: [error.text]}, status=422)
    except TooManyQuestionsError:
        raise Problem(
            429,
            "Many mails to this address or its domain wait to be confirmed. Try again in an hour.",
            headers={"Retry-After": "3600"},
        ) from None
    return redirect(_kept("/subscribe/sent"), 303)


@blueprint.get("/subscribe/sent")
def sent() -> Response:
    return _question(
        "Check your inbox",
        "We sent you a link. Open it within two days to confirm your subscription.",
    )


@blueprint.route("/subscribe/<token>", methods=["GET", "POST"])
def confirm(token: str) -> Response:
    """The link of the first mail."""
    links = web.current().notify.links
    with _open_session() as session:
        if request.method == "POST":
            engine.begin_write(session)
        row = links.to_confirm(session, token, now=clock.now())
        if row is None:
            return _question(
                _OLD,
                "Each link works once, within two days. Request a new one if you need it.",
                link=("/subscribe", "Get updates"),
                status=410,
            )
        if request.method == "GET":
            return _question(
                "Confirm your subscription",
                "We will send updates to %(address)s.",
                address=row.address,
                act=(f"/subscribe/{token}", "Confirm subscription"),
            )
        subscribers.confirm(row, now=clock.now())
        manage = links.manage(row)
        session.commit()
    return _question(
        "You are subscribed",
        "Every mail has a link to change your subscription and one to unsubscribe.",
        link=(f"/subscription/{manage}", "Change your subscription"),
    )


@blueprint.route("/subscription/<token>", methods=["GET", "POST"])
def manage(token: str) -> Response:
    """Other choices."""
    with _open_session() as session:
        if request.method == "POST":
            engine.begin_write(session)
        row = _subscriber(session, token)
        if row is None:
            return _gone()
        address, errors, status = row.address, {}, 200
        chosen: Any = Choices(topics=[Topic(one) for one in row.topics], components=row.components)
        if request.method == "POST":
            chosen = _chosen()
            try:
                subscribers.choose(session, row, Choices.model_validate(chosen))
                row.language = catalogues.asked().language
                session.commit()
            except ValidationError as error:
                errors, status = problems.field_errors(error), 422
            except RuleError as error:
                errors, status = {error.field: [error.text]}, 422
    return _page(
        "subscription",
        status=status,
        token=token,
        address=address,
        chosen=chosen,
        errors=errors,
        is_saved=request.method == "POST" and not errors,
        **_offer(),
    )


@blueprint.route("/unsubscribe/<token>", methods=["GET", "POST"])
def end(token: str) -> Response:
    """The end of it, by the button or by the mail program's one click."""
    with _open_session() as session:
        if request.method == "GET":
            row = _subscriber(session, token)
            if row is None:
                return _gone()
            return _question(
                "Unsubscribe?",
                "We will stop sending mail to %(address)s and delete the address.",
                address=row.address,
                act=(f"/unsubscribe/{token}", "Unsubscribe"),
                link=(f"/subscription/{token}", "Change my subscription instead"),
            )
        engine.begin_write(session)
        row = _subscriber(session, token)
        if row is not None:
            outbox.drop_of(session, row.id, now=clock.now())
            session.delete(row)
            session.commit()
    return _gone()


def _kept(path: str) -> str:
    """A path with the language that its reader chose."""
    choice = catalogues.asked()
    return f"{path}?{PARAMETER}={choice.language}" if choice.is_explicit else path


def _gone() -> Response:
    return _question(
        "You are not subscribed",
        "We send you no mail and do not keep your address.",
        link=("/subscribe", "Subscribe again"),
    )


def _subscriber(session: Session, token: str) -> Subscriber | None:
    found: Subscriber | None = web.current().notify.links.to_manage(session, token)
    return found


def _chosen() -> dict[str, Any]:
    return {
        "topics": request.form.getlist("topics"),
        "components": request.form.getlist("components"),
    }


def _form(chosen: Any, *, errors: Errors | None = None, status: int = 200) -> Response:
    return _page(
        "subscribe",
        status=status,
        form=request.form,
        chosen=chosen,
        errors=errors or {},
        has_mail=_has_mail(),
        **_offer(),
    )


def _offer() -> dict[str, Any]:
    """What there is to choose from; the components as the public page has them."""
    board = web.current().board.current()
    groups = board.picture.groups if board else ()
    return {"topics": list(Topic), "groups": groups}


def _question(
    heading: str,
    text: str,
    *,
    act: tuple[str, str] | None = None,
    link: tuple[str, str] | None = None,
    status: int = 200,
    **fields: str,
) -> Response:
    """A page with a sentence, in which `%(name)s` stands for a field, and what to do next."""
    return _page(
        "question",
        status=status,
        heading=heading,
        text=text,
        fields=fields,
        act=act[0] if act else None,
        word=act[1] if act else "",
        link=link[0] if link else None,
        link_word=link[1] if link else "",
    )


def _page(name: str, *, status: int = 200, **context: Any) -> Response:
    settings = web.current().core.settings
    response = make_response(
        render_template(
            f"public/{name}.html",
            site_name=settings.site_name,
            # These pages are one person's; nothing names them as the address of something.
            external_url="",
            path=request.path,
            has_forms=True,
            **context,
        ),
        status,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _has_mail() -> bool:
    return web.current().core.settings.smtp_url is not None


def _open_session() -> Session:
    session: Session = web.current().core.open_session()
    session.expire_on_commit = False
    return session
