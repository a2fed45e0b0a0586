"""`/heartbeat/<token>`: the one route on which GET and HEAD act, for cron jobs have no more."""

from flask import Blueprint, Response

from portal.errors import NotFoundError
from portal.monitors.pings import Ping
from portal.web import current
from portal.web.problems import Problem

blueprint = Blueprint("heartbeats", __name__, url_prefix="/heartbeat")

MOST_EXIT_CODE = 255


@blueprint.route("/<token>", methods=["GET", "POST"])
def done(token: str) -> Response:
    """It is done, and went well."""
    return _take(token, Ping())


@blueprint.route("/<token>/<any(start, fail):word>", methods=["GET", "POST"])
def said(token: str, word: str) -> Response:
    """It begins, or it failed."""
    return _take(token, Ping(is_start=True) if word == "start" else Ping(exit_code=1))


@blueprint.route(f"/<token>/<int(max={MOST_EXIT_CODE}):code>", methods=["GET", "POST"])
def ended(token: str, code: int) -> Response:
    """It is done, with an exit code."""
    return _take(token, Ping(exit_code=code))


def _take(token: str, ping: Ping) -> Response:
    try:
        is_taken = current().monitors.pings.take(token, ping)
    except NotFoundError:
        raise Problem(404, "There is nothing at this address.") from None
    text = "OK\n" if is_taken else "Paused\n"
    return Response(text, mimetype="text/plain", headers={"Cache-Control": "no-store"})
