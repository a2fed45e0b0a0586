"""`/api/admin/runtime/maintenance/windows`: windows, by id or reference."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock, web
from portal.status import windows
from portal.status.registry import NotFoundError
from portal.status.terms import Camel
from portal.status.windows import Action, Window, WindowAct, WindowIn, WindowOut
from portal.web.api import writes
from portal.web.api.writes import ERRORS, PageQuery

blueprint = APIBlueprint(
    "windows_api", __name__, url_prefix="/api/admin/runtime/maintenance/windows", tag="Windows"
)


class WindowList(Camel):
    items: list[WindowOut]
    total: int
    limit: int
    offset: int


@blueprint.get("")
@blueprint.input(PageQuery, location="query", arg_name="page")
@blueprint.output(WindowList)
@blueprint.doc(security="token", responses=ERRORS)
def listing(page: PageQuery) -> WindowList:
    """List windows, the latest start first."""
    with web.current().core.open_session() as session:
        rows, total = windows.page(session, limit=page.limit, offset=page.offset)
        items = [windows.warned(session, row, now=clock.now()) for row in rows]
    return WindowList(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(WindowIn, arg_name="wish")
@blueprint.output(WindowOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def create(wish: WindowIn) -> Response:
    """Plan a window; without `startsAt` it runs from now. `overlaps` and `freezes` are warnings."""
    return writes.write(
        lambda actor, once: writes.registry().open_window(wish, actor=actor, once=once),
        _shown,
        status=201,
    )


@blueprint.get("/<ref>")
@blueprint.output(WindowOut)
@blueprint.doc(security="token", responses=ERRORS)
def one(ref: str) -> Response:
    """Show a window."""
    with web.current().core.open_session() as session:
        row = windows.find(session, ref)
        if row is None:
            raise NotFoundError
        return writes.shown(windows.warned(session, row, now=clock.now()), row.version)


@blueprint.put("/<ref>")
@blueprint.input(WindowIn, arg_name="wish")
@blueprint.output(WindowOut)
@blueprint.doc(security="token", responses=ERRORS)
def replace(ref: str, wish: WindowIn) -> Response:
    """Replace a window's content."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: writes.registry().edit_window(
            ref, wish, version=version, actor=actor, once=once
        ),
        _shown,
    )


@blueprint.patch("/<ref>")
@blueprint.input(WindowAct, arg_name="wish")
@blueprint.output(WindowOut)
@blueprint.doc(security="token", responses=ERRORS)
def act(ref: str, wish: WindowAct) -> Response:
    """Start, extend by a duration, end, cancel, or approve what somebody else proposed."""
    return _act(ref, wish)


@blueprint.delete("/<ref>")
@blueprint.output(WindowOut)
@blueprint.doc(security="token", responses=ERRORS)
def cancel(ref: str) -> Response:
    """Cancel a window that has not begun; its record stays."""
    return _act(ref, WindowAct(action=Action.CANCEL))


def _act(ref: str, wish: WindowAct) -> Response:
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: writes.registry().act_on_window(
            ref, wish, version=version, actor=actor, once=once
        ),
        _shown,
    )


def _shown(row: Window) -> WindowOut:
    with web.current().core.open_session() as session:
        return windows.warned(session, row, now=clock.now())
