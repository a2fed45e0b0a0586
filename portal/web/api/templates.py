"""Message templates, and notifications rendered from them."""

from apiflask import APIBlueprint
from flask import Response, current_app

from portal.status import templates
from portal.status.registry import NotFoundError
from portal.status.templates import (
    MessageTemplate,
    NotificationIn,
    Rendered,
    TemplateIn,
    TemplateOut,
)
from portal.status.terms import Camel
from portal.web.api import writes
from portal.web.api.writes import ERRORS
from portal.web.problems import Problem

blueprint = APIBlueprint(
    "templates_api", __name__, url_prefix="/api/admin/runtime/maintenance", tag="Templates"
)


class TemplateList(Camel):
    items: list[TemplateOut]
    total: int


class Notification(Rendered):
    """What would be sent, and to how many."""

    recipients: int


@blueprint.get("/templates")
@blueprint.output(TemplateList)
@blueprint.doc(security="token", responses=ERRORS)
def listing() -> TemplateList:
    """List the message templates."""
    with current_app.extensions["portal"].open_session() as session:
        items = [templates.out(row) for row in templates.everything(session)]
    return TemplateList(items=items, total=len(items))


@blueprint.put("/templates")
@blueprint.input(TemplateIn, arg_name="wish")
@blueprint.output(TemplateOut)
@blueprint.doc(security="token", responses=ERRORS)
def keep(wish: TemplateIn) -> Response:
    """Add a template, or replace the one of that name."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: writes.registry().keep_template(
            wish, version=version, actor=actor, once=once
        ),
        templates.out,
    )


@blueprint.post("/notifications")
@blueprint.input(NotificationIn, arg_name="wish")
@blueprint.output(Notification)
@blueprint.doc(security="token", responses=ERRORS)
def notify(wish: NotificationIn) -> Notification:
    """Render a template. This version has no recipients, so only `dryRun` is taken."""
    with current_app.extensions["portal"].open_session() as session:
        row = session.get(MessageTemplate, wish.template)
        if row is None:
            raise NotFoundError
        rendered = templates.render(row, wish.values)
    if not wish.dry_run:
        raise Problem(
            422,
            "Nobody can be notified yet: this version has no recipients. Send dryRun: true.",
            errors={"dryRun": ["must be true"]},
        )
    return Notification(title=rendered.title, message=rendered.message, recipients=0)
