"""Message templates."""

from apiflask import APIBlueprint
from flask import Response

from portal.status import templates
from portal.status.templates import TemplateIn, TemplateOut
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Listing

blueprint = APIBlueprint(
    "templates_api", __name__, url_prefix="/api/admin/runtime/maintenance", tag="Templates"
)


@blueprint.get("/templates")
@blueprint.output(Listing[TemplateOut])
def listing() -> Listing[TemplateOut]:
    """List the message templates."""
    with current().core.open_session() as session:
        items = [templates.out(row) for row in templates.everything(session)]
    return Listing(items=items, total=len(items))


@blueprint.put("/templates")
@blueprint.input(TemplateIn, arg_name="content")
@blueprint.output(TemplateOut)
def save(content: TemplateIn) -> Response:
    """Add a template, or replace the one with that name."""
    return writes.write(lambda by: current().status.templates.save(by, content), templates.out)
