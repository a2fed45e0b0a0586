"""The public's languages: catalogues of translations, and what is spoken now (Flask-Babel).

Operators are spoken to in English. A catalogue is one file of GNU gettext in `translations/`, read
when somebody first asks for its language.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from io import BytesIO
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, has_request_context, request
from flask_babel import Babel, force_locale, get_locale

from portal import ROOT
from portal.board import languages
from portal.board.languages import DEFAULT, Choice
from portal.status import translations

FOLDER = ROOT / "translations"
# What everyone reads; the panel and the API are not among them.
_SPOKEN = frozenset({"public", "records", "latency", "subscriptions", "codes"})


def put_on(app: Flask) -> None:
    """Give an app its languages, and its templates what they speak by and name languages with."""
    Babel(app, default_locale=DEFAULT, locale_selector=lambda: asked().language)
    environment: Any = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(
        lambda text: _spoken().gettext(text),
        lambda one, many, number: _spoken().ngettext(one, many, number),
        newstyle=True,
    )
    environment.filters["say"] = say
    environment.globals.update(
        language=language,
        languages=languages.NAMES,
        right_to_left=languages.RIGHT_TO_LEFT,
        translated=translations.NAMES,
    )


def asked() -> Choice:
    """What the reader of this request gets."""
    if has_request_context() and (request.blueprint is None or request.blueprint in _SPOKEN):
        if not request.path.startswith(("/panel", "/api/")):
            query = request.query_string.decode("latin-1")
            return languages.choose(query, request.headers.get("Accept-Language"))
    return languages.DEFAULT_CHOICE


def language() -> str:
    """The one that is spoken now."""
    locale = get_locale()
    return locale.language if locale else DEFAULT


def say(text: str) -> str:
    """A text in it."""
    return str(_spoken().gettext(text))


def say_in(name: str, text: str) -> str:
    """A text in a language, whatever is spoken now."""
    return str(catalogue(name).gettext(text))


def speaking(app: Flask) -> Callable[[Choice], AbstractContextManager[None]]:
    """What speaks a language for as long as something is rendered outside of its own request."""

    @contextmanager
    def spoken(choice: Choice) -> Iterator[None]:
        with app.app_context(), force_locale(choice.language):
            yield

    return spoken


def keep_choice(response: Response) -> Response:
    """A page of a blueprint whose links keep the language that its reader chose."""
    if response.mimetype == "text/html" and not response.direct_passthrough:
        choice = asked()
        response.vary.add("Accept-Language")
        response.headers["Content-Language"] = choice.language
        if choice.is_explicit:
            response.set_data(languages.links(response.get_data(as_text=True), choice))
    return response


def _spoken() -> NullTranslations:
    return catalogue(language())


@cache
def catalogue(name: str) -> NullTranslations:
    """The translations of a language; English is what they are made from."""
    path = FOLDER / f"{name}.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return Translations(compiled)
