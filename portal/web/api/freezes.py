"""`/api/admin/runtime/maintenance/freezes`: times in which nothing should be planned."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock
from portal.status import freezes
from portal.status.freezes import FreezeIn, FreezeOut
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Listing

blueprint = APIBlueprint(
    "freezes_api", __name__, url_prefix="/api/admin/runtime/maintenance/freezes", tag="Windows"
)


@blueprint.get("")
@blueprint.output(Listing[FreezeOut])
def listing() -> Listing[FreezeOut]:
    """List current and upcoming freezes, next first."""
    with current().core.open_session() as session:
        items = [freezes.out(row) for row in freezes.coming(session, now=clock.now())]
    return Listing(items=items, total=len(items))


@blueprint.post("")
@blueprint.input(FreezeIn, arg_name="new")
@blueprint.output(FreezeOut, status_code=201)
def create(new: FreezeIn) -> Response:
    """Add a freeze: windows in it get a warning."""
    return writes.write(lambda by: current().status.freezes.add(by, new), freezes.out, status=201)


@blueprint.delete("/<int(max=2147483647):number>")
@blueprint.doc(responses={204: "Removed"})
def remove(number: int) -> tuple[str, int]:
    """Remove a freeze."""
    current().status.freezes.remove(writes.by(), number)
    return "", 204
