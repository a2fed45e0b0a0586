"""Notifications in the panel: what was told, what could not be, to whom, and telling more."""

import uuid
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import clock, web
from portal.accounts.roles import Scope
from portal.errors import RuleError, found
from portal.notify import outbox, subscribers
from portal.notify.broadcasts import Notification, NotificationIn
from portal.notify.channels import chat
from portal.notify.subscribers import Choices, Topic, WebhookIn
from portal.status import components, templates
from portal.status.templates import MessageTemplate
from portal.status.terms import Audience
from portal.web import access, problems, render
from portal.web.panel import filters, forms, paging, toasts
from portal.web.panel.paging import Section
from portal.web.problems import Errors

blueprint = Blueprint("notifications", __name__, url_prefix="/panel/notifications")

_LISTED = 30
_MOST_LETTERS = 50
# As far as this subscribers are counted; to count more takes longer than all the rest of the page.
MOST_COUNTED = 10_000


@blueprint.get("")
def listing() -> Response:
    return _page()


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Response:
    """Fill in a template; looked at first, then sent."""
    name = request.values.get("template", "operations")
    with _open_session() as session:
        template = found(session.get(MessageTemplate, name))
        fields = templates.fields_of(template)
        everything = [row.name for row in templates.everything(session)]
        parts = [row.slug for row in components.listed(session)]
    values = {field: request.form.get(f"value-{field}", "") for field in fields}
    shown: Notification | None = None
    errors: Errors = {}
    if request.method == "POST":
        try:
            asked = NotificationIn.model_validate(
                {
                    "template": name,
                    "values": {field: text.strip() for field, text in values.items()},
                    "audiences": request.form.getlist("audiences"),
                    "components": request.form.getlist("components"),
                }
            )
            if request.form.get("act") == "send":
                forms.once(
                    lambda by: web.current().notify.broadcasts.send(by, asked),
                    say=lambda _: toasts.say("The notification is on its way."),
                )
                return redirect("/panel/notifications", 303)
            shown = web.current().notify.broadcasts.preview(asked)
        except ValidationError as error:
            errors = problems.field_errors(error)
        except RuleError as error:
            errors = {error.field: [error.text]}
    return render.panel(
        "panel/notifications/new.html",
        status=422 if errors else 200,
        chosen=name,
        templates=everything,
        fields_wanted=fields,
        values=values,
        all_audiences=list(Audience),
        audiences=request.form.getlist("audiences") or ["public"],
        parts=parts,
        components=request.form.getlist("components"),
        shown=shown,
        errors=errors,
        key=request.form.get("key") or str(uuid.uuid4()),
    )


@blueprint.post("/dead/<int(max=2147483647):number>/retry")
def retry(number: int) -> Response:
    web.current().notify.deliveries.retry(forms.by(), number)
    toasts.say("The notification is queued again.")
    return redirect("/panel/notifications#dead", 303)


@blueprint.post("/webhooks")
def add_webhook() -> Response:
    """A webhook; the page that follows shows its key, once."""
    try:
        asked = WebhookIn.model_validate(
            {
                "url": request.form.get("url", "").strip(),
                "topics": request.form.getlist("topics"),
                "components": request.form.getlist("components"),
            }
        )
        webhook = web.current().notify.subscribers.add_webhook(forms.by(), asked)
    except ValidationError as error:
        return _page(errors=problems.field_errors(error), status=422)
    except RuleError as error:
        return _page(errors={error.field: [error.text]}, status=422)
    return _page(secret=webhook.shown.secret)


@blueprint.post("/subscribers/<int(max=2147483647):number>/removal")
def remove(number: int) -> Response:
    web.current().notify.subscribers.remove(forms.by(), number)
    toasts.say("The subscriber is removed.")
    return redirect("/panel/notifications#subscribers", 303)


def _page(*, errors: Errors | None = None, secret: str = "", status: int = 200) -> Response:
    portal = web.current()
    worker = next(one for one in portal.runtime.workers.all() if one.name == "notifications")
    may_see = Scope.MAINTENANCE_WRITE in access.caller().scopes
    asked = filters.asked()
    starts = {name: paging.offset(name) for name in ("notices", "subscribers")}
    with _open_session() as session:
        now, rate = clock.now(), portal.core.settings.mail_rate
        told, total = outbox.page(
            session, limit=_LISTED, offset=starts["notices"], rate=rate, now=now
        )
        # Operators who need them all have them from the API.
        counts = subscribers.counts(session, most=MOST_COUNTED)
        # Addresses are for those who may do something about them.
        people, all_people = (
            subscribers.page(
                session,
                limit=_LISTED + 1,
                offset=starts["subscribers"],
                choice=asked.choice,
                count_to=MOST_COUNTED,
            )
            if may_see
            else ([], 0)
        )
        parts = components.listed(session)
        chosen: Any = Choices()
        if errors:
            chosen = {
                "topics": request.form.getlist("topics"),
                "components": request.form.getlist("components"),
            }
        return render.panel(
            "panel/notifications/list.html",
            status=status,
            notices=told,
            notices_section=Section("notices", starts["notices"], total, _LISTED),
            letters=outbox.dead_letters(session, limit=_MOST_LETTERS),
            counts=counts,
            most_counted=MOST_COUNTED,
            people=[subscribers.out(row) for row in people[:_LISTED]],
            people_section=Section.counted_to(
                MOST_COUNTED,
                "subscribers",
                starts["subscribers"],
                found=len(people),
                total=all_people,
                limit=_LISTED,
            ),
            asked=asked,
            components=parts,
            has_mail=portal.core.settings.smtp_url is not None,
            chats=chat.names(portal.core.settings.operator_channels),
            worker=worker,
            mail_rate=rate,
            last_at=now + timedelta(seconds=(worker.pending or 0) / rate),
            topics=list(Topic),
            groups=[("", parts)] if parts else [],
            chosen=chosen,
            form=request.form if errors else {},
            errors=errors or {},
            secret=secret,
        )


def _open_session() -> Session:
    session: Session = web.current().core.open_session()
    return session
