"""`/api/admin/runtime/workers`: how background consumers stand, and their reports."""

from apiflask import APIBlueprint

from portal import web
from portal.runtime import snapshot
from portal.runtime.workers import NOTIFICATIONS, OWN, WorkerIn, Workers
from portal.status.terms import Camel
from portal.web import access
from portal.web.api.writes import ERRORS
from portal.web.problems import Problem

blueprint = APIBlueprint(
    "workers_api", __name__, url_prefix="/api/admin/runtime/workers", tag="Workers"
)


class WorkerList(Camel):
    items: list[snapshot.Worker]
    total: int


@blueprint.get("")
@blueprint.output(WorkerList)
@blueprint.doc(security="token", responses=ERRORS)
def listing() -> WorkerList:
    """List the declared workers, the portal's own first."""
    items = _workers().all()
    return WorkerList(items=items, total=len(items))


@blueprint.put("/<name>")
@blueprint.input(WorkerIn, arg_name="wish")
@blueprint.output(snapshot.Worker)
@blueprint.doc(security="token", responses=ERRORS)
def report(name: str, wish: WorkerIn) -> snapshot.Worker:
    """Take a worker's report; silent for three intervals, it is in error."""
    if name in {OWN, NOTIFICATIONS}:
        raise Problem(409, "The portal's own worker reports by itself.")
    return _workers().report(name, wish, actor=access.caller().actor)


def _workers() -> Workers:
    found: Workers = web.current().workers
    return found
