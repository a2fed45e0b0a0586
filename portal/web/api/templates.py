"""Message templates."""

from apiflask import APIBlueprint
from flask import Response

from portal import web
from portal.status import templates
from portal.status.templates import TemplateIn, TemplateOut
from portal.status.terms import Camel
from portal.web.api import writes
from portal.web.api.writes import ERRORS

blueprint = APIBlueprint(
    "templates_api", __name__, url_prefix="/api/admin/runtime/maintenance", tag="Templates"
)


class TemplateList(Camel):
    items: list[TemplateOut]
    total: int


@blueprint.get("/templates")
@blueprint.output(TemplateList)
@blueprint.doc(security="token", responses=ERRORS)
def listing() -> TemplateList:
    """List the message templates."""
    with web.current().core.open_session() as session:
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
