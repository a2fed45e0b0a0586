"""`/api/admin/runtime/components`: the parts of the service."""

from apiflask import APIBlueprint
from flask import Response
from sqlalchemy.orm import object_session

from portal.status import components
from portal.status.components import Component, ComponentIn, ComponentOut, StateChange
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Listing

blueprint = APIBlueprint(
    "components_api", __name__, url_prefix="/api/admin/runtime/components", tag="Components"
)


@blueprint.get("")
@blueprint.output(Listing[ComponentOut])
def listing() -> Listing[ComponentOut]:
    """List all components, in the order of the public page."""
    with current().core.open_session() as session:
        rows, by_hand = components.listed(session), components.by_hand(session)
    items = [components.out(row, by_hand.get(row.id)) for row in rows]
    return Listing(items=items, total=len(items))


@blueprint.post("")
@blueprint.input(ComponentIn, arg_name="new")
@blueprint.output(ComponentOut, status_code=201)
def create(new: ComponentIn) -> Response:
    """Add a component. `since` is the first day of its history."""
    return writes.write(lambda by: current().status.components.add(by, new), _shown, status=201)


@blueprint.put("/<slug>")
@blueprint.input(ComponentIn, arg_name="content")
@blueprint.output(ComponentOut)
def replace(slug: str, content: ComponentIn) -> Response:
    """Replace a component."""
    return writes.write(lambda by: current().status.components.edit(by, slug, content), _shown)


@blueprint.delete("/<slug>")
@blueprint.output(ComponentOut)
def remove(slug: str) -> Response:
    """Remove a component and its history. Its incidents are kept."""
    return writes.write(
        lambda by: current().status.components.remove(by, slug),
        lambda row: components.out(row, None),
    )


@blueprint.patch("/<slug>/state")
@blueprint.input(StateChange, arg_name="asked")
@blueprint.output(ComponentOut)
def set_state(slug: str, asked: StateChange) -> Response:
    """Override a component's state; `null` removes the override."""
    return writes.write(
        lambda by: current().status.components.set_state(by, slug, asked.state), _shown
    )


def _shown(row: Component) -> ComponentOut:
    session = object_session(row)
    if session is not None:
        return components.out(row, components.by_hand(session).get(row.id))
    with current().core.open_session() as session:
        return components.out(row, components.by_hand(session).get(row.id))
