"""Which language a reader gets, and what is made in it when; on values alone."""

import pytest

from portal.board import languages
from portal.board.answer import PENDING
from portal.board.languages import DEFAULT_CHOICE, Choice, choose
from tests.board.pictures import banner, part, picture
from tests.board.ready import ready
from tests.instants import NOW

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
        ("", Choice("de")),
    ],
)
def test_a_choice_in_the_address_comes_first(query: str, choice: Choice):
    assert choose(query, "de") == choice


def test_each_choice_has_answers_of_its_own():
    choices = [Choice(name, one) for name in languages.NAMES for one in (False, True)]
    variants = [one.variant for one in choices]
    assert len(set(variants)) == len(choices)
    assert DEFAULT_CHOICE.variant == ""


def test_other_languages_are_made_when_first_asked_for():
    asked: list[Choice] = []
    made = ready(picture(), asked=asked)
    assert asked == [DEFAULT_CHOICE]
    assert made.find("/", "", NOW, "de") is PENDING
    german = made.make("/", "", NOW, "de")
    assert german is not None
    assert german.body == b"pagede"
    headers = dict(german.headers)
    assert headers["Vary"] == "Accept-Encoding, Accept-Language"
    headers = {"accept-language": "de"}
    assert made.find("/", "", NOW, "de-AT") is made.ready("/", headers.get) is german
    chosen = made.make("/", "lang=de", NOW, "ja")
    assert chosen is not None
    assert chosen.etag != german.etag
    assert asked == [DEFAULT_CHOICE, Choice("de"), Choice("de", is_explicit=True)]
    # What is for machines is in one language.
    assert made.find("/api/status", "", NOW, "de") is made.find("/api/status", "", NOW)


def test_documents_are_made_in_a_language_of_their_own():
    asked: list[Choice] = []
    made = ready(picture(components=(part("api"),)), asked=asked)
    for path in ("/feed", "/components/api"):
        english, german = (made.make(path, "", NOW, accept) for accept in ("en", "de"))
        assert english is not None
        assert german is not None
        assert german.etag != english.etag
        assert made.find(path, "", NOW, "de") is german
    assert asked == [DEFAULT_CHOICE], "no page was made for it"


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


def test_a_picture_is_told_in_a_language_once():
    made = ready(picture(banner(translations={"de": {"title": "Titel"}})))
    told = made._picture_in(Choice("de"))
    assert told.banners[0].title == "Titel"
    assert made._picture_in(Choice("de", is_explicit=True)) is told
