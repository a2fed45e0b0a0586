"""`/api/admin/runtime/maintenance/freezes`: times in which nothing should be planned."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock, web
from portal.status import freezes
from portal.status.freezes import FreezeIn, FreezeOut
from portal.status.terms import Camel
from portal.web import access
from portal.web.api import writes
from portal.web.api.writes import ERRORS

blueprint = APIBlueprint(
    "freezes_api", __name__, url_prefix="/api/admin/runtime/maintenance/freezes", tag="Windows"
)


class FreezeList(Camel):
    items: list[FreezeOut]
    total: int


@blueprint.get("")
@blueprint.output(FreezeList)
@blueprint.doc(security="token", responses=ERRORS)
def listing() -> FreezeList:
    """List the freezes that are not over, the next first."""
    with web.current().core.open_session() as session:
        items = [freezes.out(row) for row in freezes.coming(session, now=clock.now())]
    return FreezeList(items=items, total=len(items))


@blueprint.post("")
@blueprint.input(FreezeIn, arg_name="wish")
@blueprint.output(FreezeOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def create(wish: FreezeIn) -> Response:
    """Keep a time free: a window in it is warned of."""
    return writes.write(
        lambda actor, once: writes.registry().add_freeze(wish, actor=actor, once=once),
        freezes.out,
        status=201,
    )


@blueprint.delete("/<int(max=2147483647):number>")
@blueprint.doc(security="token", responses={204: "It is gone"} | ERRORS)
def remove(number: int) -> tuple[str, int]:
    """Take a freeze out of the calendar."""
    writes.registry().remove_freeze(number, actor=access.caller().actor)
    return "", 204
