"""`/api/admin/runtime/workers`: how background consumers stand, and their reports."""

from apiflask import APIBlueprint

from portal import web
from portal.runtime import snapshot
from portal.runtime.workers import NOTIFICATIONS, OWN, WorkerIn, Workers
from portal.web import access
from portal.web.api.pages import Listing
from portal.web.problems import Problem

blueprint = APIBlueprint(
    "workers_api", __name__, url_prefix="/api/admin/runtime/workers", tag="Workers"
)


@blueprint.get("")
@blueprint.output(Listing[snapshot.Worker])
def listing() -> Listing[snapshot.Worker]:
    """List the declared workers, the portal's own first."""
    items = _workers().all()
    return Listing(items=items, total=len(items))


@blueprint.put("/<name>")
@blueprint.input(WorkerIn, arg_name="sample")
@blueprint.output(snapshot.Worker)
def report(name: str, sample: WorkerIn) -> snapshot.Worker:
    """Report a worker's sample. A worker silent for three intervals is in error."""
    if name in {OWN, NOTIFICATIONS}:
        raise Problem(409, "The portal's own worker reports automatically.")
    return _workers().report(name, sample, actor=access.caller().actor)


def _workers() -> Workers:
    found: Workers = web.current().runtime.workers
    return found
