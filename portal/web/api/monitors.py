"""`/api/admin/runtime/monitors`: what the portal checks itself."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import Field

from portal import clock
from portal.accounts.roles import Role
from portal.errors import found
from portal.monitors import charts, queries, trying
from portal.monitors.charts import LatencyOut, Period
from portal.monitors.kinds.base import reach
from portal.monitors.kinds.table import config_of
from portal.monitors.monitor import Monitor
from portal.monitors.schemas import Evidence, MonitorAct, MonitorIn, MonitorOut
from portal.schemas import Camel
from portal.status.components import Slug
from portal.unit_of_work import By
from portal.web import access, current
from portal.web.api import writes
from portal.web.api.pages import Listing

blueprint = APIBlueprint(
    "monitors_api", __name__, url_prefix="/api/admin/runtime/monitors", tag="Monitors"
)


class CopyIn(Camel):
    """The slug of a copy."""

    slug: Slug


class PeriodQuery(Camel):
    """How far back."""

    period: Period = Field(default=Period.DAY)


@blueprint.get("")
@blueprint.output(Listing[MonitorOut])
def listing() -> Listing[MonitorOut]:
    """List all monitors with how they stand, by name."""
    with current().core.open_session() as session:
        items = current().monitors.shown.every(session, now=clock.now())
    return Listing(items=items, total=len(items))


@blueprint.post("")
@blueprint.input(MonitorIn, arg_name="new")
@blueprint.output(MonitorOut, status_code=201)
def create(new: MonitorIn) -> Response:
    """Add a monitor; the portal looks within a second."""
    return writes.write(
        lambda by: current().monitors.acts.add(by, new, is_free=may_go_anywhere()),
        _shown,
        status=201,
    )


@blueprint.post("/test")
@blueprint.input(MonitorIn, arg_name="new")
@blueprint.output(Evidence)
def test(new: MonitorIn) -> Evidence:
    """Look once as this monitor would, and tell all that it brought; nothing is saved.

    Secrets that are left out are those of the monitor with this slug, if there is one.
    """
    return tried(new)


@blueprint.get("/<slug>")
@blueprint.output(MonitorOut)
def one(slug: str) -> Response:
    """Get a monitor with the evidence of its last failure."""
    with current().core.open_session() as session:
        row = found(queries.find(session, slug))
        shown = current().monitors.shown.one(session, row, now=clock.now())
    return writes.shown(shown, shown.version)


@blueprint.get("/<slug>/latency")
@blueprint.input(PeriodQuery, location="query", arg_name="asked")
@blueprint.output(LatencyOut)
def latency(slug: str, asked: PeriodQuery) -> LatencyOut:
    """Response times of a monitor: median and 95th percentile by stretches of time."""
    with current().core.open_session() as session:
        row = found(queries.find(session, slug))
        return charts.latency(session, row.id, asked.period, now=clock.now())


@blueprint.put("/<slug>")
@blueprint.input(MonitorIn, arg_name="content")
@blueprint.output(MonitorOut)
def replace(slug: str, content: MonitorIn) -> Response:
    """Replace a monitor. Secrets that are left out stay; empty ones are removed."""
    return writes.write(
        lambda by: current().monitors.acts.edit(by, slug, content, is_free=may_go_anywhere()),
        _shown,
    )


@blueprint.patch("/<slug>")
@blueprint.input(MonitorAct, arg_name="asked")
@blueprint.output(MonitorOut)
def act(slug: str, asked: MonitorAct) -> Response:
    """Pause or resume a monitor."""
    acts = current().monitors.acts
    done: Any = acts.pause if asked.action == "pause" else acts.resume
    return writes.write(lambda by: done(by, slug), _shown)


@blueprint.post("/<slug>/copies")
@blueprint.input(CopyIn, arg_name="asked")
@blueprint.output(MonitorOut, status_code=201)
def duplicate(slug: str, asked: CopyIn) -> Response:
    """Make a paused copy of a monitor under another slug."""

    def copy(by: By) -> Monitor:
        return current().monitors.acts.duplicate(
            by, slug, as_slug=asked.slug, is_free=may_go_anywhere()
        )

    return writes.write(copy, _shown, status=201)


@blueprint.delete("/<slug>")
@blueprint.doc(responses={204: "Removed"})
def remove(slug: str) -> tuple[str, int]:
    """Remove a monitor with its results and history."""
    current().monitors.acts.remove(writes.by(), slug)
    return "", 204


def may_go_anywhere() -> bool:
    """Whether whoever asks may aim a monitor at any address: admins may, tokens may not."""
    operator = access.caller().operator
    return operator is not None and operator.role == Role.ADMIN


def tried(new: MonitorIn) -> Evidence:
    """One look of a monitor that is not saved, or not saved like this."""
    room = current().monitors
    with current().core.open_session() as session:
        row = queries.find(session, new.slug)
        stored = room.credentials.readable(row.credentials) if row is not None else {}
        # What a secret was typed for is where it goes.
        is_same = row is not None and reach(config_of(row.kind, row.config)) == reach(new.config())
    free = may_go_anywhere()
    return Evidence(
        **trying.try_once(new, room.targets, stored if is_same else {}, is_free=free).evidence()
    )


def _shown(row: Monitor) -> MonitorOut:
    with current().core.open_session() as session:
        return current().monitors.shown.one(session, row, now=clock.now())
