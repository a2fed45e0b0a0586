"""The public reads that are not ready: what is made when first asked for, and other audiences."""

from apiflask import APIBlueprint
from flask import Response, jsonify, render_template, request

from portal import clock, web
from portal.accounts.roles import Scope
from portal.board import answers
from portal.board import maintenance as maintenances
from portal.board.answers import Answers
from portal.board.maintenance import BadQueryError
from portal.status.terms import Audience
from portal.store.errors import FailureKind
from portal.web import access
from portal.web.problems import Problem

blueprint = APIBlueprint("public", __name__, tag="Public")


@blueprint.after_request
def cross_origin(response: Response) -> Response:
    """What a browser asks for a page of another origin before it reads: who may, and how."""
    if request.method == "OPTIONS":
        origin = web.current().core.settings.public_cors
        for name, value in answers.preflight(origin):
            response.headers[name] = value
    return response


@blueprint.get("/")
@blueprint.doc(hide=True)
def page() -> Response:
    """The status page."""
    return _ready_made("/")


@blueprint.get("/banner")
@blueprint.doc(hide=True)
def banner() -> Response:
    """The banner fragment."""
    return _ready_made("/banner")


@blueprint.get("/board")
@blueprint.doc(hide=True)
def board() -> Response:
    """What the page holds below the banner."""
    return _ready_made("/board")


@blueprint.get("/embed")
@blueprint.doc(hide=True)
def embed() -> Response:
    """The banner as a page for a frame."""
    return _ready_made("/embed")


@blueprint.get("/components/<slug>")
@blueprint.doc(hide=True)
def component(slug: str) -> Response:
    """A component with its days."""
    return _ready_made(f"/components/{slug}")


@blueprint.get("/feed.<any(atom,rss,json):_>")
@blueprint.get("/history.<any(atom,rss):_>")
@blueprint.get("/calendar.<any(ics):_>")
@blueprint.get("/badge.<any(svg):_>")
@blueprint.get("/components/<slug>/badge.<any(svg):_>")
@blueprint.get("/monitors/<slug>/badge.<any(svg):_>")
@blueprint.get("/maintenance/<ref>.<any(ics):_>")
@blueprint.doc(hide=True)
def document(_: str, **named: str) -> Response:
    """Feeds, calendars and badges: of all, or of one component, monitor or window."""
    return _ready_made(request.path)


@blueprint.get("/api/v2/<path:name>")
@blueprint.doc(hide=True)
def statuspage(name: str) -> Response:
    """The public API as clients of Statuspage v2 know it."""
    return _ready_made(request.path)


@blueprint.get("/api/status")
@blueprint.doc(summary="The public status", responses={200: "The status", 503: "No data yet"})
def status() -> Response:
    """The whole public status in one small answer."""
    return _ready_made("/api/status")


@blueprint.get("/api/runtime/maintenance")
@blueprint.doc(
    summary="Current announcements",
    responses={
        200: "Announcements and windows",
        400: "A parameter is invalid",
        401: "The token is unknown",
        403: "This audience needs a token with access",
        503: "No data yet",
    },
)
def maintenance() -> Response:
    """Announcements and windows in one shape; an audience but `public` needs a token."""
    try:
        query = maintenances.parse_query(request.query_string.decode("latin-1"))
    except BadQueryError as error:
        raise Problem(400, str(error), errors={error.field: [error.text]}) from None
    if query.audience is Audience.PUBLIC:
        return _ready_made(maintenances.PATH, request.query_string.decode("latin-1"))
    reader = access.reader()
    if reader is None:
        raise Problem(
            401,
            "This audience needs a token or a panel session.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if Scope.MAINTENANCE_READ not in reader.scopes:
        raise Problem(403, f"This audience needs the permission {Scope.MAINTENANCE_READ}.")
    body, _ = maintenances.body(_board().picture, query, now=clock.now())
    response = jsonify(body)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/api/docs")
@blueprint.doc(hide=True)
def docs() -> str:
    """The API reference, which the browser makes from the OpenAPI document."""
    return render_template("public/docs.html", prefix=web.current().core.settings.prefix)


def _ready_made(path: str, query_string: str = "") -> Response:
    query = query_string or request.query_string.decode("latin-1")
    accept = request.headers.get("Accept-Language")
    answer = _board().make(path, query, clock.now(), accept)
    if answer is None:
        raise Problem(404, "There is nothing at this address.")
    if request.if_none_match.contains_weak(answer.etag[3:-1]):
        return Response(status=304, headers=list(answer.headers_304))
    answer = answer.encoded(request.headers.get("Accept-Encoding", ""))
    # Its links lead below the path of the portal already, and its bytes are what its tag is of.
    return Response(answer.body, headers=list(answer.headers), direct_passthrough=True)


def _board() -> Answers:
    board = web.current().board
    found: Answers | None = board.current()
    if found is None:
        detail = "The portal cannot reach its database and has nothing to show yet. Try again soon."
        if board.failure is FailureKind.OUTDATED:
            detail = "The database does not have the tables of this version. Run: portal db upgrade"
        raise Problem(503, detail, headers={"Retry-After": "5"})
    return found
