"""`/api/admin/runtime/maintenance/series`: windows that come again."""

from apiflask import APIBlueprint
from flask import Response

from portal import clock, web
from portal.status import series
from portal.status.registry import NotFoundError
from portal.status.series import Occurrence, SeriesIn, SeriesOut, WindowSeries
from portal.status.terms import Camel
from portal.web.api import writes
from portal.web.api.writes import ERRORS, PageQuery

blueprint = APIBlueprint(
    "series_api", __name__, url_prefix="/api/admin/runtime/maintenance/series", tag="Windows"
)


class SeriesList(Camel):
    items: list[SeriesOut]
    total: int
    limit: int
    offset: int


class Preview(Camel):
    """The next occurrences; nothing was stored."""

    next: list[Occurrence]


@blueprint.get("")
@blueprint.input(PageQuery, location="query", arg_name="page")
@blueprint.output(SeriesList)
@blueprint.doc(security="token", responses=ERRORS)
def listing(page: PageQuery) -> SeriesList:
    """List series, the newest first."""
    now = clock.now()
    with web.current().core.open_session() as session:
        rows, total = series.page(session, limit=page.limit, offset=page.offset)
        items = [series.out(row, now=now) for row in rows]
    return SeriesList(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(SeriesIn, arg_name="wish")
@blueprint.output(SeriesOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def create(wish: SeriesIn) -> Response:
    """Plan windows by a rule of RFC 5545, expanded on the clocks of `zone`."""
    return writes.write(
        lambda actor, once: writes.registry().open_series(wish, actor=actor, once=once),
        _shown,
        status=201,
    )


@blueprint.post("/preview")
@blueprint.input(SeriesIn, arg_name="wish")
@blueprint.output(Preview)
@blueprint.doc(security="token", responses=ERRORS)
def preview(wish: SeriesIn) -> Preview:
    """Show the next occurrences of a wish before it is stored."""
    now = clock.now()
    series.check(wish, now=now)
    return Preview(next=series.upcoming(wish, now=now))


@blueprint.get("/<ref>")
@blueprint.output(SeriesOut)
@blueprint.doc(security="token", responses=ERRORS)
def one(ref: str) -> Response:
    """Show a series with its next occurrences."""
    with web.current().core.open_session() as session:
        row = series.find(session, ref)
        if row is None:
            raise NotFoundError
        return writes.shown(_shown(row), row.version)


@blueprint.post("/<ref>/approval")
@blueprint.output(SeriesOut)
@blueprint.doc(security="token", responses=ERRORS)
def approve(ref: str) -> Response:
    """Approve a series that somebody else proposed; its windows are made then."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: writes.registry().approve_series(
            ref, version=version, actor=actor, once=once
        ),
        _shown,
    )


@blueprint.delete("/<ref>")
@blueprint.output(SeriesOut)
@blueprint.doc(security="token", responses=ERRORS)
def cancel(ref: str) -> Response:
    """Call off a series and its windows that have not begun; their record stays."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: writes.registry().cancel_series(
            ref, version=version, actor=actor, once=once
        ),
        _shown,
    )


def _shown(row: WindowSeries) -> SeriesOut:
    return series.out(row, now=clock.now())
