"""The one shape of an error: RFC 9457 for machines, a page for people."""

from http import HTTPStatus
from typing import Any

from flask import Response, g, jsonify, render_template, request
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from portal import field_errors as fields
from portal import web
from portal.guard import refusal
from portal.store.errors import FailureKind, UnknownOutcomeError, of
from portal.web import render

Errors = dict[str, list[str]]


class Problem(Exception):
    """An answer that says what is wrong and what to do."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Errors | None = None,
        headers: dict[str, str] | None = None,
        current: dict[str, Any] | None = None,
        kept: dict[str, str] | None = None,
        reference: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = HTTPStatus(status).phrase
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.current = current
        self.kept = kept
        self.reference = reference


def field_errors(error: ValidationError) -> Errors:
    """What is wrong with which field as `{field: [sentence]}`, without what was sent."""
    found: Errors = {}
    for place, sentence in fields.found(error):
        found.setdefault((".".join(place) or "body")[:100], []).append(sentence)
    return found


# Of a form that was not saved: what nobody typed, and what is never shown.
NOT_GIVEN_BACK = frozenset(
    {"csrf_token", "key", "version", "password", "bearerToken", "secretHeaders"}
)
# What readers are told, for the catalogues of other languages.
NOT_NOW = "This does not work at the moment. Try again in a few minutes."
TOO_OFTEN = "Too many requests: the limit is %(limit)d in %(window)s. Try again in %(length)s."
_SENTENCES = {
    FailureKind.AWAY: "The database does not answer. Nothing was saved. Try again in a moment.",
    FailureKind.BUSY: "The database is busy. Nothing was saved. Try again in a moment.",
    FailureKind.READ_ONLY: "The database is read-only at the moment. Nothing was saved."
    " Published pages stay up. Try again later.",
    FailureKind.FULL: "The database has no space left. Nothing was saved. Free space on its disk.",
    FailureKind.STOPPING: "The portal is about to stop. Nothing was saved. Try again in a moment.",
    FailureKind.OUTDATED: "The database does not have the tables of this version."
    " Nothing was saved. Run: portal db upgrade",
}


def is_for_readers() -> bool:
    """Whether the answer is a page of the public side, in the reader's language."""
    is_of_panel = request.path.startswith("/panel")
    return not is_of_panel and refusal.wants_page(request.path, request.headers.get)


def of_database(error: SQLAlchemyError) -> Problem:
    """503, or 507 when its disk is full; what a form held is given back.

    Readers are not told what is wrong inside; only where the tables of this version are missing,
    all are told the command.
    """
    kind = of(error)
    if is_for_readers() and kind is not FailureKind.OUTDATED:
        return Problem(503, NOT_NOW, headers={"Retry-After": "60"})
    detail = _SENTENCES[kind]
    if isinstance(error, UnknownOutcomeError):
        detail = (
            "The connection to the database broke while saving. Check whether your change was"
            " saved before you try again."
        )
    return Problem(
        507 if kind is FailureKind.FULL else 503, detail, headers={"Retry-After": "5"}, kept=_kept()
    )


def of_old_form() -> Problem:
    """400 for a form from before the last sign-in, or another key; what it held is given back."""
    return Problem(
        400,
        "This form is out of date. Nothing was saved. Load the page again and repeat what you did.",
        kept=_kept(),
    )


def _kept() -> dict[str, str] | None:
    kept = {
        name: value
        for name, value in request.form.items()
        if name not in NOT_GIVEN_BACK and value.strip()
    }
    return kept or None


def answer(problem: Problem) -> Response:
    """The response of a problem."""
    if not refusal.wants_page(request.path, request.headers.get):
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": problem.title,
            "status": problem.status,
            "detail": problem.detail,
        }
        if problem.errors is not None:
            body["errors"] = problem.errors
        if problem.current is not None:
            body["current"] = problem.current
        if problem.reference:
            body["reference"] = problem.reference
        response = jsonify(body)
        response.content_type = "application/problem+json"
    else:
        response = Response(_page(problem))
    response.status_code = problem.status
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(problem: Problem) -> str:
    """The page of an error: inside the panel for whoever is signed in, else the public one."""
    settings = web.current().core.settings
    if not is_for_readers() and (problem.kept or "caller" in g):
        return render.text("panel/problem.html", problem=problem, kept=problem.kept)
    return render_template("public/problem.html", problem=problem, site_name=settings.site_name)
