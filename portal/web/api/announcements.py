"""`/api/admin/runtime/maintenance`: announcements, by id or slug."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock, web
from portal.status import announcements
from portal.status.announcements import Announcement, AnnouncementIn, AnnouncementOut, StatusChange
from portal.status.registry import NotFoundError
from portal.status.terms import Camel
from portal.web.api import writes
from portal.web.api.writes import ERRORS, PageQuery

blueprint = APIBlueprint(
    "announcements_api", __name__, url_prefix="/api/admin/runtime/maintenance", tag="Announcements"
)


class AnnouncementList(Camel):
    items: list[AnnouncementOut]
    total: int
    limit: int
    offset: int


@blueprint.get("")
@blueprint.input(PageQuery, location="query", arg_name="page")
@blueprint.output(AnnouncementList)
@blueprint.doc(security="token", responses=ERRORS)
def listing(page: PageQuery) -> AnnouncementList:
    """List announcements, newest first."""
    now = clock.now()
    with web.current().core.open_session() as session:
        rows, total = announcements.page(session, limit=page.limit, offset=page.offset)
        items = [announcements.out(row, now=now) for row in rows]
    return AnnouncementList(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(AnnouncementIn, arg_name="wish")
@blueprint.output(AnnouncementOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def create(wish: AnnouncementIn) -> Response:
    """Make an announcement."""
    return writes.write(
        lambda actor, once: writes.registry().announce(wish, actor=actor, once=once),
        _shown,
        status=201,
    )


@blueprint.get("/<ref>")
@blueprint.output(AnnouncementOut)
@blueprint.doc(security="token", responses=ERRORS)
def one(ref: str) -> Response:
    """Show an announcement."""
    with web.current().core.open_session() as session:
        row = announcements.find(session, ref)
        if row is None:
            raise NotFoundError
        return writes.shown(_shown(row), row.version)


@blueprint.put("/<ref>")
@blueprint.input(AnnouncementIn, arg_name="wish")
@blueprint.output(AnnouncementOut)
@blueprint.doc(security="token", responses=ERRORS)
def replace(ref: str, wish: AnnouncementIn) -> Response:
    """Replace an announcement's content."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: writes.registry().edit_announcement(
            ref, wish, version=version, actor=actor, once=once
        ),
        _shown,
    )


@blueprint.patch("/<ref>/status")
@blueprint.input(StatusChange, arg_name="wish")
@blueprint.output(AnnouncementOut)
@blueprint.doc(security="token", responses=ERRORS)
def change_status(ref: str, wish: StatusChange) -> Response:
    """Publish, take back or resolve."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: writes.registry().set_status(
            ref, wish, version=version, actor=actor, once=once
        ),
        _shown,
    )


def _shown(row: Announcement) -> AnnouncementOut:
    return announcements.out(row, now=clock.now())
