"""Errors as answers: what each exception of the rooms means to whoever asked."""

from math import ceil
from typing import Any

import structlog
from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, g, request
from flask_limiter import Limiter, RateLimitExceeded
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from portal import clock, durations
from portal.audit.log import UnrecordedError
from portal.errors import NotFoundError, ReusedKeyError, RuleError, StaleVersionError
from portal.guard import refusal
from portal.guard.blocks import AlreadyBlockedError
from portal.runtime.workers import UndeclaredWorkerError
from portal.store import errors
from portal.store.errors import FailureKind
from portal.web import catalogues, dates, problems, wording
from portal.web.problems import Problem

_log = structlog.get_logger()
DETAILS = {
    400: "The request is malformed.",
    404: "There is nothing at this address.",
    405: "This URL does not accept that method.",
    413: "The body is larger than 1 MiB.",
    415: "Send JSON, with Content-Type: application/json.",
}


def register(app: APIFlask, limiter: Limiter) -> None:
    """The one shape of errors, for all faces."""

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return problems.answer(error)

    @app.errorhandler(CSRFError)
    def outdated(error: CSRFError) -> Response:
        return problems.answer(problems.of_old_form())

    @app.errorhandler(RuleError)
    def rule(error: RuleError) -> Response:
        return problems.answer(Problem(422, error.text, errors={error.field: [error.text]}))

    @app.errorhandler(NotFoundError)
    def missing(error: NotFoundError) -> Response:
        return problems.answer(Problem(404, "Nothing has that reference."))

    @app.errorhandler(AlreadyBlockedError)
    def doubled(error: AlreadyBlockedError) -> Response:
        until = dates.clock_time(error.current.until)
        return problems.answer(
            Problem(
                409,
                f"This is already blocked until {until}. Extend or raise that block.",
                current=g.show(error.current) if "show" in g else None,
            )
        )

    @app.errorhandler(UnrecordedError)
    def unrecorded(error: UnrecordedError) -> Response:
        _log.error("web.unrecorded", detail=str(error))
        return problems.answer(
            Problem(
                503, "The audit log cannot be written, so nothing was changed. Try again later."
            )
        )

    @app.errorhandler(UndeclaredWorkerError)
    def undeclared(error: UndeclaredWorkerError) -> Response:
        return problems.answer(
            Problem(404, "No worker with that name is declared in PORTAL_WORKERS_DECLARED.")
        )

    @app.errorhandler(StaleVersionError)
    def stale(error: StaleVersionError) -> Response:
        return problems.answer(
            Problem(
                412,
                "Someone else changed this in the meantime. The answer has the current state.",
                current=g.show(error.current) if "show" in g else None,
            )
        )

    @app.errorhandler(ReusedKeyError)
    def reused(error: ReusedKeyError) -> Response:
        return problems.answer(
            Problem(422, "This Idempotency-Key was used for a different request.")
        )

    @app.errorhandler(SQLAlchemyError)
    def database(error: SQLAlchemyError) -> Response:
        if isinstance(error, IntegrityError):
            return problems.answer(
                Problem(409, "Another request changed this at the same time. Reload and try again.")
            )
        failure = errors.of(error)
        if failure is not FailureKind.STOPPING:
            _log.error(
                "web.database_failed",
                error=type(error).__name__,
                failure=failure,
                path=request.path,
            )
        return problems.answer(problems.of_database(error))

    @app.error_processor
    def checked(error: HTTPError) -> Any:
        return problems.answer(_from_api(error))

    @app.errorhandler(RateLimitExceeded)
    def limited(error: RateLimitExceeded) -> Response:
        return problems.answer(_too_many(limiter))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return Response(error.get_response().get_data(), status, error.get_headers())
        headers = {}
        if status == 405 and getattr(error, "valid_methods", None):
            headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
        return problems.answer(
            Problem(status, DETAILS.get(status, error.description or ""), headers=headers)
        )

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        _log.exception("web.failed", path=request.path)
        identity = request.environ.get("portal.request_id", "")
        if problems.is_for_readers():
            return problems.answer(Problem(500, refusal.BROKEN, reference=identity))
        return problems.answer(Problem(500, f"Something went wrong. The log has it as {identity}."))


def _too_many(limiter: Limiter) -> Problem:
    """One route's own limit was reached: what it allows, and how long to wait."""
    broken = limiter.current_limit
    assert broken is not None
    rate = broken.limit
    try:
        seconds = max(1, ceil(broken.window.reset_time - clock.now().timestamp()))
    except limiter.storage.base_exceptions:
        seconds = rate.get_expiry()
    per = f"{rate.amount} requests per {rate.GRANULARITY.name}"
    said = f"Too many requests: the limit is {per}. Try again in {durations.spoken(seconds)}."
    if problems.is_for_readers():
        window, length = wording.spoken(rate.get_expiry()), wording.spoken(seconds)
        values = {"limit": rate.amount, "window": window, "length": length}
        said = catalogues.say(problems.TOO_OFTEN) % values
    return Problem(429, said, headers={"Retry-After": str(seconds)})


def _from_api(error: HTTPError) -> Problem:
    if isinstance(error.__cause__, ValidationError):
        errors = problems.field_errors(error.__cause__)
        return Problem(422, "Some fields are invalid.", errors=errors)
    return Problem(error.status_code, DETAILS.get(error.status_code, error.message or ""))
