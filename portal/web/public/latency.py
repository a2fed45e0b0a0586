"""Response times of a component, where its monitor shows them: a part of its page, and a page."""

from flask import Blueprint, Response, make_response, render_template, request

from portal.monitors.charts import Period
from portal.web import catalogues, current, drawing
from portal.web.problems import Problem

blueprint = Blueprint("latency", __name__)
blueprint.after_request(catalogues.keep_choice)

PERIODS = ((Period.DAY, "Day"), (Period.WEEK, "Week"), (Period.QUARTER, "90 days"))


@blueprint.get("/components/<slug>/latency")
def chart(slug: str) -> Response:
    """Median and 95th percentile over a day, a week or ninety days."""
    period = _period(request.args.get("period", Period.DAY))
    answers = current().board.current()
    parts = answers.picture.public_components if answers is not None else ()
    one = next((part for part in parts if part.slug == slug and part.has_latency), None)
    found = current().monitors.latencies.of(slug, period) if one is not None else None
    if one is None or found is None:
        raise Problem(404, "There is nothing at this address.")
    drawn = drawing.chart(
        found.figures,
        since=found.at - period.length,
        until=found.at,
        step=period.step,
        stretches=found.stretches,
        planned=found.planned,
        width=718,
    )
    page = render_template(
        "public/latency.html", one=one, drawn=drawn, period=period, periods=PERIODS
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "public, max-age=60, stale-if-error=86400"
    return response


def _period(text: str) -> Period:
    found = next((period for period, _ in PERIODS if period == text), None)
    if found is None:
        raise Problem(404, "There is no such period.")
    return found
