"""`/api/admin/runtime/maintenance/series`: recurring windows."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock
from portal.errors import found
from portal.schemas import Camel
from portal.status import series
from portal.status.series import Occurrence, SeriesIn, SeriesOut, WindowSeries
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Page, PageQuery

blueprint = APIBlueprint(
    "series_api", __name__, url_prefix="/api/admin/runtime/maintenance/series", tag="Windows"
)


class Preview(Camel):
    """The next occurrences; nothing was stored."""

    next: list[Occurrence]


@blueprint.get("")
@blueprint.input(PageQuery, location="query", arg_name="page")
@blueprint.output(Page[SeriesOut])
def listing(page: PageQuery) -> Page[SeriesOut]:
    """List series, newest first."""
    with current().core.open_session() as session:
        rows, total = series.page(session, limit=page.limit, offset=page.offset)
        items = [_shown(row) for row in rows]
    return Page(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(SeriesIn, arg_name="new")
@blueprint.output(SeriesOut, status_code=201)
def create(new: SeriesIn) -> Response:
    """Schedule recurring windows by an RFC 5545 rule in the local time of `zone`."""
    return writes.write(lambda by: current().status.series.create(by, new), _shown, status=201)


@blueprint.post("/preview")
@blueprint.input(SeriesIn, arg_name="content")
@blueprint.output(Preview)
def preview(content: SeriesIn) -> Preview:
    """Preview the next occurrences of a series without storing it."""
    now = clock.now()
    content.check(now=now)
    return Preview(next=content.upcoming(now=now))


@blueprint.get("/<ref>")
@blueprint.output(SeriesOut)
def one(ref: str) -> Response:
    """Show a series with its next occurrences."""
    with current().core.open_session() as session:
        row = found(series.find(session, ref))
        return writes.shown(_shown(row), row.version)


@blueprint.post("/<ref>/approval")
@blueprint.output(SeriesOut)
def approve(ref: str) -> Response:
    """Approve a series proposed by someone else. Its windows are created then."""
    return writes.write(lambda by: current().status.series.approve(by, ref), _shown)


@blueprint.delete("/<ref>")
@blueprint.output(SeriesOut)
def cancel(ref: str) -> Response:
    """Cancel a series and its windows that have not started. Their records are kept."""
    return writes.write(lambda by: current().status.series.cancel(by, ref), _shown)


def _shown(row: WindowSeries) -> SeriesOut:
    return series.out(row, now=clock.now())
