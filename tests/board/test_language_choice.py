"""Which language a reader gets, and the links that keep it; on values alone."""

import pytest

from portal.board import languages
from portal.board.languages import Choice, choose

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("nl,fr;q=0.5,en;q=0.4", "fr"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0,ja;q=0.1", "ja"),
        ("*", "en"),
        ("ar-EG", "ar"),
        ("DE", "de"),
        ("de;q=x,es;q=0.2", "es"),
        ("fr,de", "fr"),
        ("de;q=0.5,fr;q=0.5", "de"),
        ("de;q=0", "en"),
        ("x" * 10_000 + ",de", "en"),
    ],
)
def test_the_best_language_that_is_there_is_taken(accept: str | None, language: str):
    assert choose("", accept) == Choice(language)


@pytest.mark.parametrize(
    ("query", "choice"),
    [
        ("lang=ja", Choice("ja", is_explicit=True)),
        ("month=2030-06&lang=ar", Choice("ar", is_explicit=True)),
        ("lang=en", Choice("en", is_explicit=True)),
        ("lang=xx", Choice("de")),
        ("language=ja", Choice("de")),
        ("la%6Eg=ja", Choice("de")),
        ("", Choice("de")),
    ],
)
def test_a_choice_in_the_address_comes_first(query: str, choice: Choice):
    assert choose(query, "de") == choice


def test_links_keep_a_choice_and_leave_others_alone():
    html = (
        '<a href="/history"></a><a href="/history?month=2030-06"></a><a href="/static/a.css"></a>'
        '<a href="/feed.atom"></a><a href="/panel"></a><a href="https://a.example/"></a>'
        '<div hx-get="/banner"></div><form action="/subscribe"></form><a href="/#notices"></a>'
    )
    assert languages.links(html, Choice("de")) == html
    chosen = '<a href="/?lang=ja"></a><a href="/history?lang=ja"></a>'
    assert languages.links(chosen, Choice("de", is_explicit=True)) == chosen
    assert languages.links(html, Choice("de", is_explicit=True)) == (
        '<a href="/history?lang=de"></a><a href="/history?month=2030-06&amp;lang=de"></a>'
        '<a href="/static/a.css"></a><a href="/feed.atom"></a><a href="/panel"></a>'
        '<a href="https://a.example/"></a><div hx-get="/banner?lang=de"></div>'
        '<form action="/subscribe?lang=de"></form><a href="/?lang=de#notices"></a>'
    )
