"""Putting the faces on an app: routes, sessions, errors, headers."""

import json
from collections.abc import Callable
from typing import Any

import structlog
from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask_limiter import Limiter
from flask_login import LoginManager
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from portal.audit.record import UnrecordedError
from portal.board.picture import Picture
from portal.errors import NotFoundError, ReusedKeyError, RuleError, StaleVersionError
from portal.guard.blocks import AlreadyBlockedError
from portal.runtime.workers import UndeclaredWorkerError
from portal.settings import Settings
from portal.store import trouble
from portal.web import access, health, problems, wording
from portal.web.api import alerts as alerts_api
from portal.web.api import announcements as announcements_api
from portal.web.api import blocks as blocks_api
from portal.web.api import components as components_api
from portal.web.api import document
from portal.web.api import freezes as freezes_api
from portal.web.api import incidents as incidents_api
from portal.web.api import notifications as notifications_api
from portal.web.api import retrospectives as retrospectives_api
from portal.web.api import runtime as runtime_api
from portal.web.api import series as series_api
from portal.web.api import templates as templates_api
from portal.web.api import windows as windows_api
from portal.web.api import workers as workers_api
from portal.web.panel import (
    accounts,
    announcements,
    cards,
    components,
    freezes,
    incidents,
    maintenance,
    notifications,
    perimeter,
    retrospectives,
    runtime,
    series,
    windows,
)
from portal.web.problems import Problem
from portal.web.public import pages as public_pages
from portal.web.public import records, subscriptions
from portal.web.sessions import DatabaseSessions

_log = structlog.get_logger()

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"))
# What any origin may read when PORTAL_PUBLIC_CORS says so.
PUBLIC_READS = frozenset(
    {
        "/",
        "/banner",
        "/api/status",
        "/api/runtime/maintenance",
        "/api/openapi.json",
        "/api/docs",
        "/feed.atom",
        "/feed.rss",
        "/feed.json",
        "/calendar.ics",
        "/badge.svg",
        "/api/v2/summary.json",
        "/api/v2/status.json",
        "/api/v2/components.json",
        "/api/v2/incidents.json",
        "/api/v2/incidents/unresolved.json",
        "/api/v2/scheduled-maintenances.json",
        "/api/v2/scheduled-maintenances/upcoming.json",
        "/api/v2/scheduled-maintenances/active.json",
    }
)
PAGE_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)


def headers_of(settings: Settings) -> tuple[tuple[str, str], ...]:
    """What goes with every answer; a browser is held to https only where links lead there."""
    if settings.external_url.startswith("https://"):
        return (*SECURITY_HEADERS, ("Strict-Transport-Security", "max-age=63072000"))
    return SECURITY_HEADERS


class StrictJSON(DefaultJSONProvider):
    """JSON as the RFC has it: no NaN, no doubled key, no half characters, no bottomless depth."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
            made = dict(found)
            if len(made) != len(found):
                raise ValueError("a key stands twice in one object")
            return made

        def constant(name: str) -> Any:
            raise ValueError(f"{name} is not JSON")

        try:
            text = s.decode("utf-8") if isinstance(s, bytes) else s
            value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (RecursionError, UnicodeError) as error:
            raise ValueError("the text is too deep, or not UTF-8") from error
        return value


def page_maker(app: APIFlask, settings: Settings) -> Callable[[Picture], dict[str, bytes]]:
    """What renders the public page and the banner of a picture, outside of any request."""

    def make(picture: Picture) -> dict[str, bytes]:
        context = {
            "picture": picture,
            "now": picture.stale_since or picture.generated_at,
            "site_name": settings.site_name,
            "poll_seconds": settings.poll_seconds,
            "stale_after_seconds": int(settings.poll_seconds * 1.5),
            "external_url": settings.external_url,
        }
        # The page holds the fragment; it is rendered once for both.
        board = app.jinja_env.get_template("parts/board.html").render(context)
        page = app.jinja_env.get_template("public/page.html").render(context, board=board)
        return {"/": page.encode(), "/banner": board.encode()}

    return make


def mail_maker(app: APIFlask) -> Callable[..., tuple[str, str]]:
    """What renders a mail's text and HTML, outside of any request; a chat has no HTML."""

    def make(name: str, **context: Any) -> tuple[str, str]:
        text = app.jinja_env.get_template(f"mail/{name}.txt").render(context)
        if name == "chat":
            return text, ""
        return text, app.jinja_env.get_template(f"mail/{name}.html").render(context)

    return make


def put_on(app: APIFlask, settings: Settings, limiter: Limiter) -> None:
    """Blueprints, who may, sessions, and the one error shape."""
    app.json = StrictJSON(app)
    app.jinja_env.filters.update(wording.FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.session_interface = DatabaseSessions(settings)
    login = LoginManager()
    login.init_app(app)
    login.user_loader(accounts.load)
    # Polls are told apart before the session is saved.
    app.before_request(_mark_poll)
    app.before_request(access.guard)
    for blueprint in (
        public_pages.blueprint,
        records.blueprint,
        subscriptions.blueprint,
        health.blueprint,
        accounts.blueprint,
        runtime.blueprint,
        cards.blueprint,
        maintenance.blueprint,
        windows.blueprint,
        series.blueprint,
        freezes.blueprint,
        announcements.blueprint,
        retrospectives.blueprint,
        perimeter.blueprint,
        incidents.blueprint,
        components.blueprint,
        notifications.blueprint,
        blocks_api.blueprint,
        workers_api.blueprint,
        alerts_api.blueprint,
        announcements_api.blueprint,
        windows_api.blueprint,
        series_api.blueprint,
        freezes_api.blueprint,
        templates_api.blueprint,
        notifications_api.blueprint,
        incidents_api.blueprint,
        retrospectives_api.blueprint,
        components_api.blueprint,
        runtime_api.blueprint,
    ):
        app.register_blueprint(blueprint)
    for endpoint, rate in (
        ("accounts.sign_in", "30/minute"),
        ("accounts.first_run", "30/minute"),
        ("subscriptions.ask", "20/hour"),
    ):
        limited = limiter.limit(rate, methods=["POST"])(app.view_functions[endpoint])
        app.view_functions[endpoint] = limited  # type: ignore[assignment]
    app.spec_processor(document.complete)
    _answer_errors(app)


def _mark_poll() -> None:
    from flask import session

    if request.blueprint == "cards":
        session.is_poll = True  # type: ignore[attr-defined]


def _answer_errors(app: APIFlask) -> None:
    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return problems.answer(error)

    @app.errorhandler(RuleError)
    def rule(error: RuleError) -> Response:
        return problems.answer(Problem(422, error.text, errors={error.field: [error.text]}))

    @app.errorhandler(NotFoundError)
    def missing(error: NotFoundError) -> Response:
        return problems.answer(Problem(404, "There is nothing of that reference."))

    @app.errorhandler(AlreadyBlockedError)
    def doubled(error: AlreadyBlockedError) -> Response:
        until = wording.clock_time(error.current.until)
        return problems.answer(
            Problem(
                409,
                f"This is blocked already until {until}; extend or raise that block.",
                current=g.show(error.current) if "show" in g else None,
            )
        )

    @app.errorhandler(UnrecordedError)
    def unrecorded(error: UnrecordedError) -> Response:
        _log.error("web.unrecorded", detail=str(error))
        return problems.answer(
            Problem(503, "The audit log cannot take this, so it was not done. Try again later.")
        )

    @app.errorhandler(UndeclaredWorkerError)
    def undeclared(error: UndeclaredWorkerError) -> Response:
        return problems.answer(
            Problem(404, "No worker of that name is declared in PORTAL_WORKERS_DECLARED.")
        )

    @app.errorhandler(StaleVersionError)
    def stale(error: StaleVersionError) -> Response:
        return problems.answer(
            Problem(
                412,
                "Someone else changed it meanwhile; its current state is enclosed.",
                current=g.show(error.current) if "show" in g else None,
            )
        )

    @app.errorhandler(ReusedKeyError)
    def reused(error: ReusedKeyError) -> Response:
        return problems.answer(
            Problem(422, "This Idempotency-Key came with another request before.")
        )

    @app.errorhandler(SQLAlchemyError)
    def database(error: SQLAlchemyError) -> Response:
        if isinstance(error, IntegrityError):
            return problems.answer(
                Problem(409, "Two requests came at once; look at what is there and try again.")
            )
        _log.error(
            "web.database_failed",
            error=type(error).__name__,
            trouble=trouble.of(error),
            path=request.path,
        )
        return problems.answer(problems.of_database(error))

    @app.error_processor
    def checked(error: HTTPError) -> Any:
        return problems.answer(_from_api(error))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return Response(error.get_response().get_data(), status, error.get_headers())
        headers = {}
        if status == 405 and getattr(error, "valid_methods", None):
            headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
        return problems.answer(
            Problem(status, _DETAILS.get(status, error.description or ""), headers=headers)
        )

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        _log.exception("web.failed", path=request.path)
        identity = request.environ.get("portal.request_id", "")
        return problems.answer(
            Problem(500, f"Something went wrong here. It was written down as {identity}.")
        )


_DETAILS = {
    400: "The request cannot be read.",
    404: "There is nothing here.",
    405: "This address does not take that method.",
    413: "A body has 1 MiB at most.",
    415: "Send JSON, with Content-Type: application/json.",
    429: "Too many tries. Wait a minute.",
}


def _from_api(error: HTTPError) -> Problem:
    detail: Any = error.detail
    found: dict[str, list[str]] = {}
    if error.status_code == 422 and isinstance(detail, dict):
        for fields in detail.values():
            if isinstance(fields, dict):
                found |= {
                    str(name)[:100]: [str(text) for text in texts] for name, texts in fields.items()
                }
    if found:
        return Problem(422, "Some fields are not right.", errors=found)
    return Problem(error.status_code, _DETAILS.get(error.status_code, error.message or ""))
