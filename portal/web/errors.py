"""Errors as answers: what each exception of the rooms means to whoever asked."""

from typing import Any

import structlog
from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, g, request
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from portal import clock
from portal.audit.log import UnrecordedError
from portal.durations import spoken
from portal.errors import NotFoundError, ReusedKeyError, RuleError, StaleVersionError
from portal.guard.blocks import AlreadyBlockedError
from portal.runtime.workers import UndeclaredWorkerError
from portal.store import errors
from portal.web import problems, wording
from portal.web.problems import Problem

_log = structlog.get_logger()
_DETAILS = {
    400: "The request cannot be read.",
    404: "There is nothing here.",
    405: "This address does not take that method.",
    413: "A body has 1 MiB at most.",
    415: "Send JSON, with Content-Type: application/json.",
}


def register(app: APIFlask) -> None:
    """The one shape of errors, for all faces."""

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
            failure=errors.of(error),
            path=request.path,
        )
        return problems.answer(problems.of_database(error))

    @app.error_processor
    def checked(error: HTTPError) -> Any:
        return problems.answer(_from_api(error))

    @app.errorhandler(RateLimitExceeded)
    def limited(error: RateLimitExceeded) -> Response:
        (limiter,) = app.extensions["limiter"]
        reset_at = limiter.current_limit.reset_at if limiter.current_limit else 0
        seconds = max(1, int(reset_at - clock.now().timestamp() + 0.999))
        return problems.answer(
            Problem(
                429,
                f"Too many tries. Try again in {spoken(seconds)}.",
                headers={"Retry-After": str(seconds)},
            )
        )

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
