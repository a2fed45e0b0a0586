"""`/api/admin/runtime/maintenance`: announcements, by id or slug."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock
from portal.errors import found
from portal.status import announcements
from portal.status.announcements import Announcement, AnnouncementIn, AnnouncementOut, StatusChange
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Page, PageQuery

blueprint = APIBlueprint(
    "announcements_api", __name__, url_prefix="/api/admin/runtime/maintenance", tag="Announcements"
)


@blueprint.get("")
@blueprint.input(PageQuery, location="query", arg_name="page")
@blueprint.output(Page[AnnouncementOut])
def listing(page: PageQuery) -> Page[AnnouncementOut]:
    """List announcements: active, drafts, scheduled, then past ones."""
    with current().core.open_session() as session:
        rows, total = announcements.listed(
            session, now=clock.now(), limit=page.limit, offset=page.offset
        )
        items = [_shown(row) for row in rows]
    return Page(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(AnnouncementIn, arg_name="new")
@blueprint.output(AnnouncementOut, status_code=201)
def create(new: AnnouncementIn) -> Response:
    """Create an announcement."""
    return writes.write(
        lambda by: current().status.announcements.create(by, new), _shown, status=201
    )


@blueprint.get("/<ref>")
@blueprint.output(AnnouncementOut)
def one(ref: str) -> Response:
    """Show an announcement."""
    with current().core.open_session() as session:
        row = found(announcements.find(session, ref))
        return writes.shown(_shown(row), row.version)


@blueprint.put("/<ref>")
@blueprint.input(AnnouncementIn, arg_name="content")
@blueprint.output(AnnouncementOut)
def replace(ref: str, content: AnnouncementIn) -> Response:
    """Replace an announcement."""
    return writes.write(lambda by: current().status.announcements.edit(by, ref, content), _shown)


@blueprint.patch("/<ref>/status")
@blueprint.input(StatusChange, arg_name="asked")
@blueprint.output(AnnouncementOut)
def change_status(ref: str, asked: StatusChange) -> Response:
    """Publish an announcement, make it a draft again, or resolve it."""
    return writes.write(
        lambda by: current().status.announcements.set_status(by, ref, asked), _shown
    )


def _shown(row: Announcement) -> AnnouncementOut:
    return announcements.out(row, now=clock.now())
