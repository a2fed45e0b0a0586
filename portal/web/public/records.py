"""The permanent pages: an incident, a window, and the history by month."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import Response, make_response, render_template, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock, web
from portal.board import incidents as views
from portal.board.answers import CACHE_CONTROL
from portal.board.picture import Picture
from portal.settings import Settings
from portal.status import incidents, prose, retrospectives, translations, windows
from portal.status.components import Component, State
from portal.status.retrospectives import Retrospective
from portal.status.terms import Audience
from portal.status.windows import Window
from portal.store import errors
from portal.store.errors import FailureKind
from portal.web import catalogues
from portal.web.problems import Problem
from portal.web.public import kept

blueprint = APIBlueprint("records", __name__, enable_openapi=False)
blueprint.after_request(catalogues.keep_choice)

Context = dict[str, Any]

_NOT_KEPT = (
    "The portal cannot reach its database, and this page is not among those it has kept. The"
    " current state is on the first page. Try again in a moment."
)
_STOPS = (
    "The portal is about to stop, and this page is not among those it has kept. Try again soon."
)
_MONTH = re.compile(r"^(20\d\d)-(0[1-9]|1[0-2])$")


@blueprint.get("/incidents/<reference>")
def incident(reference: str) -> Response:
    """An incident that everyone may see, with what was learned from it."""

    def stored(session: Session) -> Context:
        row = incidents.find(session, reference)
        if row is None or Audience.PUBLIC not in row.audiences:
            raise Problem(404, "There is nothing at this address.")
        lines = incidents.updates_of(session, [row.id]).get(row.id, [])
        impacts = incidents.impacts_of(session, [row.id]).get(row.id, [])
        names = _names(session, [one.component for one in impacts])
        found = session.get(Retrospective, row.id)
        learned = retrospectives.out(found, row.reference) if found and found.is_published else None
        return {
            "incident": views.view(row, lines, impacts).spoken(catalogues.language()),
            "names": [
                (names[one.component], one.state) for one in impacts if one.component in names
            ],
            **kept.learned(learned),
        }

    return _page("incident", stored, lambda picture: kept.incident(picture, reference))


@blueprint.get("/maintenance/<ref>")
def window(ref: str) -> Response:
    """A window that everyone may see."""

    def stored(session: Session) -> Context:
        row = session.scalar(select(Window).where(Window.reference == ref))
        if row is None or Audience.PUBLIC not in row.audiences or row.awaits_approval:
            raise Problem(404, "There is nothing at this address.")
        language = catalogues.language()
        message = translations.text(row.translations, language, "message", row.message)
        return {
            "window": windows.out(row, now=clock.now()),
            "message_html": prose.to_html(message),
            "names": [
                (name, row.effects.get(slug, State.UNDER_MAINTENANCE.value))
                for slug, name in _names(session, list(row.components)).items()
            ],
        }

    return _page("window", stored, lambda picture: kept.window(picture, ref))


@blueprint.get("/history")
def history() -> Response:
    """Incidents and windows of a month, `?month=2030-06`; this month without one."""
    now = clock.now()
    wanted = request.args.get("month", f"{now:%Y-%m}")
    match = _MONTH.match(wanted)
    if match is None:
        raise Problem(400, "Write a month such as 2030-06.")
    begin = datetime(int(match.group(1)), int(match.group(2)), 1, tzinfo=UTC)
    end = (begin + timedelta(days=32)).replace(day=1)

    def stored(session: Session) -> Context:
        events = [
            row
            for row in incidents.between(session, begin, end)
            if Audience.PUBLIC in row.audiences
        ]
        planned = session.scalars(
            select(Window)
            .where(
                Window.starts_at >= begin, Window.starts_at < end, Window.awaits_approval.is_(False)
            )
            .order_by(Window.starts_at.desc())
        )
        return {
            "incidents": events,
            "windows": [
                windows.out(row, now=now) for row in planned if Audience.PUBLIC in row.audiences
            ],
        }

    return _page(
        "history",
        stored,
        lambda picture: kept.history(picture, begin, end),
        month=begin,
        before=f"{begin - timedelta(days=1):%Y-%m}",
        after=f"{end:%Y-%m}" if end <= now else None,
    )


def _names(session: Session, slugs: list[str]) -> dict[str, str]:
    """The names of the public ones among some components."""
    rows = session.execute(
        select(Component.slug, Component.name).where(Component.slug.in_(slugs), Component.is_public)
    )
    return {row.slug: row.name for row in rows}


def _page(
    name: str,
    stored: Callable[[Session], Context],
    from_picture: Callable[[Picture], Context | None],
    **context: Any,
) -> Response:
    """The page from the database, or else of what the last picture holds, and says so.

    SQLAlchemyError where there is no picture; 503 for what it does not hold.
    """
    portal = web.current()
    settings = portal.core.settings
    try:
        with portal.core.open_session() as session:
            context |= stored(session)
            body = _rendered(name, settings, context)
    except SQLAlchemyError as error:
        answers = portal.board.current()
        if answers is None:
            raise
        is_stopping = errors.of(error) is FailureKind.STOPPING
        found = from_picture(answers.picture.spoken(catalogues.language()))
        if found is None:
            raise Problem(
                503, _STOPS if is_stopping else _NOT_KEPT, headers={"Retry-After": "5"}
            ) from error
        confirmed = {"confirmed_at": portal.board.confirmed_at, "is_stopping": is_stopping}
        body = _rendered(name, settings, context | found | confirmed)
    response = make_response(body)
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


def _rendered(name: str, settings: Settings, context: Context) -> str:
    return render_template(
        f"public/{name}.html",
        site_name=settings.site_name,
        external_url=settings.external_url,
        path=request.path,
        now=clock.now(),
        **context,
    )
