"""`/api/admin/runtime/maintenance/windows`: windows, by id or reference."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock
from portal.errors import found
from portal.status import windows
from portal.status.windows import Action, Window, WindowAct, WindowIn, WindowOut
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Page, PageQuery

blueprint = APIBlueprint(
    "windows_api", __name__, url_prefix="/api/admin/runtime/maintenance/windows", tag="Windows"
)


@blueprint.get("")
@blueprint.input(PageQuery, location="query", arg_name="page")
@blueprint.output(Page[WindowOut])
def listing(page: PageQuery) -> Page[WindowOut]:
    """List windows: active, upcoming, then past ones, latest first."""
    now = clock.now()
    with current().core.open_session() as session:
        rows, total = windows.listed(
            session, now=now, limit=page.limit, offset=page.offset, has_all=True
        )
        items = windows.all_warned(session, rows, now=now)
    return Page(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(WindowIn, arg_name="new")
@blueprint.output(WindowOut, status_code=201)
def create(new: WindowIn) -> Response:
    """Schedule a window; without `startsAt` it starts now. `overlaps` and `freezes` only warn."""
    return writes.write(lambda by: current().status.windows.schedule(by, new), _shown, status=201)


@blueprint.get("/<ref>")
@blueprint.output(WindowOut)
def one(ref: str) -> Response:
    """Show a window."""
    with current().core.open_session() as session:
        row = found(windows.find(session, ref))
        return writes.shown(windows.warned(session, row, now=clock.now()), row.version)


@blueprint.put("/<ref>")
@blueprint.input(WindowIn, arg_name="content")
@blueprint.output(WindowOut)
def replace(ref: str, content: WindowIn) -> Response:
    """Replace a window."""
    return writes.write(lambda by: current().status.windows.edit(by, ref, content), _shown)


@blueprint.patch("/<ref>")
@blueprint.input(WindowAct, arg_name="asked")
@blueprint.output(WindowOut)
def act(ref: str, asked: WindowAct) -> Response:
    """Start, extend, end or cancel a window, or approve one proposed by someone else."""
    return writes.write(lambda by: current().status.windows.act(by, ref, asked), _shown)


@blueprint.delete("/<ref>")
@blueprint.output(WindowOut)
def cancel(ref: str) -> Response:
    """Cancel a window that has not started. Its record is kept."""
    asked = WindowAct(action=Action.CANCEL)
    return writes.write(lambda by: current().status.windows.act(by, ref, asked), _shown)


def _shown(row: Window) -> WindowOut:
    with current().core.open_session() as session:
        return windows.warned(session, row, now=clock.now())
