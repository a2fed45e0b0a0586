"""Pages and mails from their templates: the panel's in a request, the others outside of any."""

from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus
from typing import Any

from apiflask import APIFlask
from flask import Response, g, make_response, render_template
from jinja2 import Template
from markupsafe import escape

from portal import clock, web
from portal.accounts.roles import Scope
from portal.board import languages, notices
from portal.board.answers import digest
from portal.board.banners import Banner
from portal.board.components import ComponentView
from portal.board.languages import DEFAULT, Choice
from portal.board.memory import Memory
from portal.board.picture import Picture
from portal.guard.head import Head
from portal.guard.refusal import Detail, Page
from portal.notify.messages import Render
from portal.settings import Settings
from portal.web import catalogues, prefix
from portal.web.caller import Caller

# What has no HTML.
_TEXTS = {"chat", "card", "code"}
# Of what was over on one day, on the page; the page of the month has the others.
MOST_OF_DAY = 10
# On the page of a component, of what touched it.
MOST_ENTRIES = 50
# Of components that the page shows without folding the healthy groups.
MOST_UNFOLDED = 12


def panel(template: str, *, status: int = 200, **context: object) -> Response:
    """A page or fragment of the panel."""
    return uncached(make_response(text(template, **context), status))


def text(template: str, **context: object) -> str:
    """A template of the panel with what every one of them needs."""
    portal = web.current()
    caller: Caller | None = g.get("caller")
    return render_template(
        template,
        site_name=portal.core.settings.site_name,
        operator=caller.operator if caller else None,
        may_write=caller is not None and Scope.MAINTENANCE_WRITE in caller.scopes,
        may_incident=caller is not None and Scope.INCIDENTS_WRITE in caller.scopes,
        may_block=caller is not None and Scope.PERIMETER_WRITE in caller.scopes,
        may_monitor=caller is not None and Scope.MONITORS_WRITE in caller.scopes,
        may_audit=caller is not None and Scope.AUDIT_READ in caller.scopes,
        runbook_url=portal.overview.runbook,
        contacts=portal.core.settings.contacts,
        poll_seconds=portal.core.settings.panel_poll_seconds,
        sustained_after=portal.core.settings.sustained_after.total_seconds(),
        is_read_only=portal.lifecycle.checks.is_read_only,
        now=clock.now(),
        **context,
    )


def uncached(response: Response) -> Response:
    """An answer that no cache keeps."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


class Remembered(Memory[str]):
    """What a template makes of things, once for as long as they are the very same.

    What is said of a thing beside it may be equal; by `level` it is shown in several ways.
    """

    def __init__(self, template: Template) -> None:
        super().__init__()
        self._template = template

    def __call__(self, one: object, **more: Any) -> str:
        name = id(one), more.get("level")
        return self.get(name, (one, more), lambda: self._template.render(one=one, **more))


def public_pages(
    app: APIFlask, settings: Settings
) -> Callable[[Picture, Choice], dict[str, bytes]]:
    """What renders the public page and its parts from a picture, in the language spoken now."""
    context = {
        "poll_seconds": settings.poll_seconds,
        "stale_after_seconds": int(settings.poll_seconds * 1.5),
        "most_of_day": MOST_OF_DAY,
        "most_unfolded": MOST_UNFOLDED,
    }
    templates = app.jinja_env

    @cache
    def remembered(language: str) -> dict[str, Remembered]:
        """In each language: what is the same as in the picture before looks the same."""
        names = ("component", "past", "coming", "notice")
        return {name: Remembered(templates.get_template(f"parts/{name}.html")) for name in names}

    def notice_of(
        picture: Picture, show: Remembered, banner: Banner, level: str, short: str
    ) -> str:
        incident = picture.incident(banner.ref) if banner.kind == "incident" else None
        return show(
            banner,
            level=level,
            short=short,
            names=picture.affected_by(banner),
            incident=incident,
            is_overdue=incident is not None and picture.is_overdue(incident),
        )

    def make(picture: Picture, choice: Choice) -> dict[str, bytes]:
        known = remembered(choice.language)
        given = context | {
            "picture": picture,
            "notices": notices.fitted(picture, partial(notice_of, picture, known["notice"])),
        }
        of_parts = {f"{name}_of": show for name, show in known.items()}
        # The page holds both parts; each is rendered once.
        board = templates.get_template("parts/board.html").render(given | of_parts)
        tag = digest(board.encode())
        board = f'<div data-board="{tag}">{board}</div>'
        banner = templates.get_template("parts/banner.html").render(given, board_tag=tag)
        page = templates.get_template("public/page.html").render(given, board=board, banner=banner)
        for show in known.values():
            show.forget_others()
        embed = templates.get_template("public/embed.html").render(given, banner=banner)
        made = {"/": page, "/banner": banner, "/board": board, "/embed": embed}
        return {path: _sent(text, settings, choice) for path, text in made.items()}

    return make


def component_page(
    app: APIFlask, settings: Settings
) -> Callable[[Picture, ComponentView, Choice], bytes]:
    """What renders the page of a public component, in the language spoken now."""

    def make(picture: Picture, one: ComponentView, choice: Choice) -> bytes:
        page = app.jinja_env.get_template("public/component.html").render(
            one=one,
            touched=one.touched_by(picture.now),
            most_entries=MOST_ENTRIES,
            now=picture.now,
            external_url=settings.external_url,
            path=f"/components/{one.slug}",
            confirmed_at=picture.stale_since,
        )
        return _sent(page, settings, choice)

    return make


def _sent(text: str, settings: Settings, choice: Choice) -> bytes:
    """A page with its links as they lead from where it is shown."""
    return prefix.html(languages.links(text, choice), settings.prefix).encode()


def refusals(app: APIFlask, settings: Settings) -> Page:
    """What renders the page of a refusal, outside of any request.

    A flood must find that cheap: a page of each status is made once in a language, its sentence
    put in later.
    """
    detail, reference = "@detail@", "@reference@"
    speaking = catalogues.speaking(app)

    @cache
    def frame(choice: Choice, status: int, has_reference: bool) -> str:
        problem = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail}
        problem["reference"] = reference if has_reference else ""
        template = app.jinja_env.get_template("public/problem.html")
        with speaking(choice):
            page = template.render(problem=problem, site_name=settings.site_name)
        return prefix.html(languages.links(page, choice), settings.prefix)

    def make(head: Head, status: int, said: Detail, named: str) -> bytes:
        choice = languages.DEFAULT_CHOICE
        if not head.path.startswith("/panel"):
            choice = languages.choose(head.query, head.header("accept-language"))
        text = str(Detail(catalogues.say_in(choice.language, said.text), said.values))
        page = frame(choice, status, bool(named)).replace(detail, str(escape(text)))
        return page.replace(reference, str(escape(named))).encode()

    return make


def mails(app: APIFlask) -> Render:
    """What renders a mail's text and HTML, outside of any request; a chat has no HTML."""

    speaking = catalogues.speaking(app)

    def make(name: str, language: str = DEFAULT, **context: Any) -> tuple[str, str]:
        with speaking(Choice(language)):
            text = app.jinja_env.get_template(f"mail/{name}.txt").render(context)
            if name in _TEXTS:
                return text, ""
            return text, app.jinja_env.get_template(f"mail/{name}.html").render(context)

    return make
