"""`/api/admin/runtime/components`: the parts of the service."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response
from sqlalchemy.orm import object_session

from portal import web
from portal.status import components
from portal.status.components import Component, ComponentIn, ComponentOut, StateChange
from portal.status.terms import Camel
from portal.web.api import writes
from portal.web.api.writes import ERRORS

blueprint = APIBlueprint(
    "components_api", __name__, url_prefix="/api/admin/runtime/components", tag="Components"
)


class ComponentList(Camel):
    items: list[ComponentOut]
    total: int


@blueprint.get("")
@blueprint.output(ComponentList)
@blueprint.doc(security="token", responses=ERRORS)
def listing() -> ComponentList:
    """List all components, as they stand on the page."""
    with web.current().core.open_session() as session:
        rows, by_hand = components.everyone(session), components.by_hand(session)
    items = [components.out(row, by_hand.get(row.id)) for row in rows]
    return ComponentList(items=items, total=len(items))


@blueprint.post("")
@blueprint.input(ComponentIn, arg_name="wish")
@blueprint.output(ComponentOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def create(wish: ComponentIn) -> Response:
    """Add a component; `since` is the first day its history speaks of."""
    return writes.write(
        lambda actor, once: _inventory().add(wish, actor=actor, once=once), _shown, status=201
    )


@blueprint.put("/<slug>")
@blueprint.input(ComponentIn, arg_name="wish")
@blueprint.output(ComponentOut)
@blueprint.doc(security="token", responses=ERRORS)
def replace(slug: str, wish: ComponentIn) -> Response:
    """Replace what is said of a component."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _inventory().edit(slug, wish, version=version, actor=actor, once=once),
        _shown,
    )


@blueprint.delete("/<slug>")
@blueprint.output(ComponentOut)
@blueprint.doc(security="token", responses=ERRORS)
def remove(slug: str) -> Response:
    """Take a component away with its history; its incidents stay."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _inventory().remove(slug, version=version, actor=actor, once=once),
        lambda row: components.out(row, None),
    )


@blueprint.patch("/<slug>/state")
@blueprint.input(StateChange, arg_name="wish")
@blueprint.output(ComponentOut)
@blueprint.doc(security="token", responses=ERRORS)
def set_state(slug: str, wish: StateChange) -> Response:
    """Set a state by hand; `null` lets it follow from what happens again."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _inventory().set_state(
            slug, wish.state, version=version, actor=actor, once=once
        ),
        _shown,
    )


def _inventory() -> Any:
    return web.current().status.inventory


def _shown(row: Component) -> ComponentOut:
    session = object_session(row)
    if session is not None:
        return components.out(row, components.by_hand(session).get(row.id))
    with web.current().core.open_session() as session:
        by_hand = components.by_hand(session).get(row.id)
    return components.out(row, by_hand)
