"""What an answer says around its body: letters, other pages, and its tag."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.board import answers
from portal.board.answer import Answer
from tests.board.pictures import banner, event, part, picture
from tests.board.ready import MAINTENANCE, ready
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


def test_letters_stay_letters():
    told = ready(picture(banner(title="Wartüng"))).find("/api/status", "", NOW)
    assert told is not None
    assert "Wartüng".encode() in told.body


@pytest.mark.parametrize(
    ("cors", "is_open"), [("*", True), ("https://a.example", True), ("", False)]
)
def test_other_pages_may_read_it_where_the_setting_says_so(cors, is_open):
    page = ready(picture(), cors=cors).find("/", "", NOW)
    assert page is not None
    assert (("Access-Control-Allow-Origin", cors) in page.headers) is is_open
    asked = dict(answers.preflight(cors))
    assert asked.get("Access-Control-Allow-Origin") == (cors if is_open else None)
    assert ("Access-Control-Max-Age" in asked) is is_open


def test_a_tag_changes_with_what_is_told_and_not_with_the_hour():
    def tags(shown) -> list[str]:
        found = [ready(shown).find(path, "", NOW) for path in ("/api/status", MAINTENANCE)]
        return [one.etag for one in found if one is not None]

    first = picture(banner())
    later = replace(first, generated_at=NOW + timedelta(seconds=9), revision=2)
    assert tags(first) == tags(later)
    # What only others may see raises the revision, and moves nothing here.
    inside = banner("inside", kind="announcement", audiences=["operations"])
    assert tags(first) == tags(replace(first, banners=(*first.banners, inside)))
    assert tags(first) == tags(replace(first, cancelled=(inside,)))
    assert tags(first) == tags(replace(first, incidents=(event(audiences=["admin"]),)))
    assert tags(first) == tags(replace(first, components=(part("api", is_public=False),)))
    assert not set(tags(first)) & set(tags(replace(first, stale_since=NOW)))
    assert tags(first)[0] != tags(picture(banner(), components=(part("api"),)))[0]
    assert tags(first)[0] != tags(picture(banner(), incidents=(event(),)))[0]
    assert not set(tags(first)) & set(tags(picture(banner(title="Other"))))


def test_a_page_has_a_tag_of_its_bytes():
    one, other = (ready(picture(), page=page).find("/", "", NOW) for page in (b"a", b"b"))
    assert one is not None
    assert other is not None
    assert one.etag != other.etag


def test_what_the_picture_before_said_is_the_same_answer():
    before = ready(picture(banner()))
    later = picture(banner(), generated_at=NOW + HOUR / 2)
    # Two changes may fall on one instant.
    for shown in (later, picture(banner())):
        after = ready(shown, before=before)
        for path in ("/", "/api/status", MAINTENANCE):
            assert after.find(path, "", NOW) is before.find(path, "", NOW), path
    assert ready(later, page=b"other", before=before).find("/", "", NOW) is not before.find(
        "/", "", NOW
    )
    # Of a clock that was set back nothing is kept: its instants are still to come.
    back = ready(picture(banner(), generated_at=NOW - HOUR / 2), before=before)
    assert back.find("/api/status", "", NOW) is not before.find("/api/status", "", NOW)


@pytest.mark.parametrize(
    ("given", "is_held", "why"),
    [
        ('W/"abc"', True, "its tag"),
        ('"abc"', True, "as a strong one, which is compared as if it were weak"),
        ('"x", W/"abc" , "y"', True, "one of several"),
        ("*", True, "any at all"),
        (" * ", True, "with spaces around it"),
        ('W/"abcd"', False, "another that begins alike"),
        ('"*"', False, "a tag that is called so"),
        ("", False, "none"),
    ],
)
def test_whether_a_client_has_an_answer(given: str, is_held: bool, why: str):
    one = Answer.of(b"body", "text/plain", 'W/"abc"', ())
    assert one.is_held_by(given) is is_held, why
    status, headers, body = one.reply({"if-none-match": given}.get)
    assert (status, body) == ((304, b"") if is_held else (200, b"body")), why
    assert dict(headers)["ETag"] == 'W/"abc"'
