"""What is made in a language, and when; on values alone."""

import pytest

from portal.board import languages
from portal.board.answer import PENDING
from portal.board.languages import DEFAULT_CHOICE, Choice
from tests.board.pictures import banner, part, picture
from tests.board.ready import ready
from tests.instants import NOW

pytestmark = pytest.mark.unit


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
    assert dict(german.headers)["Vary"] == "Accept-Encoding, Accept-Language"
    headers = {"accept-language": "de"}
    assert made.find("/", "", NOW, "de-AT") is made.ready("/", headers.get) is german
    chosen = made.make("/", "lang=de", NOW, "ja")
    assert chosen is not None
    assert chosen.etag != german.etag
    assert asked == [DEFAULT_CHOICE, Choice("de"), Choice("de", is_explicit=True)]
    # What is for machines is in one language.
    status = made.find("/api/status", "", NOW, "de")
    assert status is made.find("/api/status", "", NOW)
    assert status is not None
    assert dict(status.headers)["Vary"] == "Accept-Encoding"


def test_what_is_for_machines_is_made_once_whoever_asks():
    made = ready(picture(banner("m-1")))
    path = "/maintenance/m-1.ics"
    calendar = made.make(path, "", NOW, "de")
    assert calendar is not None
    for query, accept in (("", None), ("", "de"), ("lang=ja", "ar")):
        assert made.find(path, query, NOW, accept) is calendar


def test_pages_of_other_languages_are_encoded_when_they_are_made():
    made = ready(picture(), page=b"page " * 200)
    english, german = (made.make("/", "", NOW, accept) for accept in ("en", "de"))
    assert english is not None
    assert german is not None
    # Of the first language all are encoded together, before anybody asks.
    assert english.encoded("gzip") is english
    assert ("Content-Encoding", "gzip") in german.encoded("gzip").headers


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


def test_a_picture_is_told_in_a_language_once():
    made = ready(picture(banner(translations={"de": {"title": "Titel"}})))
    told = made._picture_in(Choice("de"))
    assert told.banners[0].title == "Titel"
    assert made._picture_in(Choice("de", is_explicit=True)) is told
