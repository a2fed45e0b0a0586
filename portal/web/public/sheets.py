"""Pages of one subscription: a sentence and what to do next, kept by nobody."""

from typing import Any

from flask import make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import web
from portal.board.languages import PARAMETER
from portal.web import catalogues


def kept(path: str) -> str:
    """A path with the language that its reader chose."""
    choice = catalogues.asked()
    return f"{path}?{PARAMETER}={choice.language}" if choice.is_explicit else path


def question(
    heading: str,
    text: str,
    *,
    act: tuple[str, str] | None = None,
    link: tuple[str, str] | None = None,
    secret: str = "",
    status: int = 200,
    **fields: str,
) -> Response:
    """A page with a sentence, in which `%(name)s` stands for a field, and what to do next."""
    return page(
        "question",
        status=status,
        heading=heading,
        text=text,
        fields=fields,
        act=act[0] if act else None,
        word=act[1] if act else "",
        secret=secret,
        link=link[0] if link else None,
        link_word=link[1] if link else "",
    )


def page(name: str, *, status: int = 200, **context: Any) -> Response:
    settings = web.current().core.settings
    response = make_response(
        render_template(
            f"public/{name}.html",
            site_name=settings.site_name,
            # These pages are one person's; nothing names them as the address of something.
            external_url="",
            path=request.path,
            has_forms=True,
            **context,
        ),
        status,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def open_session() -> Session:
    session: Session = web.current().core.open_session()
    session.expire_on_commit = False
    return session
