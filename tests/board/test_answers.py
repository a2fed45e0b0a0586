"""Which answers are ready-made, and until when each is good; on values alone."""

import json
from datetime import datetime

import brotli
import pytest

from portal.board import answers, maintenance
from portal.board.answer import PENDING, Answer
from portal.board.maintenance import MaintenanceQuery
from tests.board.pictures import banner, part, picture
from tests.board.ready import MAINTENANCE, ready
from tests.instants import HOUR, MINUTE, NOW, TICK

pytestmark = pytest.mark.unit


def test_ready_made_answers_and_those_that_are_made_when_asked_for():
    made = ready(picture(banner()))
    page = made.find("/", "", NOW)
    # The event loop only looks up; what takes time is made by a thread.
    assert made.find("/badge.svg", "", NOW) is PENDING
    badge, feed = (made.make(path, "", NOW) for path in ("/badge.svg", "/feed"))
    assert page is not None
    assert badge is not None
    assert feed is not None
    assert (page.body, badge.body, feed.body) == (b"page", b"<svg/>", b"feed")
    assert ("X-Page", "1") in page.headers
    assert ("Content-Security-Policy", "default-src 'none'") in badge.headers
    assert not any(name == "Content-Security-Policy" for name, _ in feed.headers)
    assert made.find("/feed", "", NOW) is made.make("/feed", "", NOW) is feed
    # Links are decorated by others; nothing reads that.
    assert made.find("/feed", "a=1", NOW) is feed
    assert made.find("/", "utm_source={{name}}", NOW) is page
    assert made.find("/nothing", "", NOW) is made.make("/nothing", "", NOW) is None
    assert ("Content-Length", "4") in page.headers
    assert not any(name.startswith("Content-") for name, _ in page.headers_304)


def test_each_public_component_has_a_page_that_is_made_when_asked_for():
    made = ready(picture(components=(part("api"), part("hidden", is_public=False))))
    assert made.find("/components/api", "", NOW) is PENDING
    shown = made.make("/components/api", "", NOW)
    assert shown is not None
    assert shown.body == b"<h1>api</h1>"
    assert ("X-Page", "1") in shown.headers
    assert made.find("/components/api", "", NOW) is shown
    for slug in ("hidden", "nothing", ""):
        assert made.find(f"/components/{slug}", "", NOW) is None


def test_what_is_ready_is_found_in_the_language_of_its_reader():
    made = ready(picture(banner()))
    german = {"accept-language": "de"}.get
    assert made.ready("/nothing", german) is None
    assert made.ready("/api/status", german) is made.find("/api/status", "", NOW)
    asked: list[str] = []
    assert made.ready("/api/status", asked.append) is made.ready("/api/status", german)
    assert asked == [], "what is in one language asks for none"
    assert made.ready("/", german) is None, "it is not made yet"
    assert made.ready("/", {}.get) is made.find("/", "", NOW)
    # What another answer reads says nothing here.
    assert made.find("/", "limit=99&audience=admin", NOW) is made.find("/", "", NOW)


def test_what_is_ready_waits_for_nothing_that_is_being_made(monkeypatch: pytest.MonkeyPatch):
    made = ready(picture())
    feed = made.make("/feed", "", NOW)
    monkeypatch.setattr(made, "_lock", None)
    assert made.make("/feed", "", NOW) is feed


def test_whoever_waited_finds_what_another_has_made(monkeypatch: pytest.MonkeyPatch):
    made = ready(picture())
    found: list[Answer | None] = []

    class Turn:
        """A lock that comes when another has made the answer."""

        def __enter__(self) -> None:
            monkeypatch.undo()
            found.append(made.make("/feed", "", NOW))

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(made, "_lock", Turn())
    answer = made.make("/feed", "", NOW)
    assert answer is found[0] is not None


def test_encodings_are_made_before_anybody_asks():
    made = ready(picture(), page=b"page " * 200)
    page = made.find("/", "", NOW)
    assert page is not None
    assert page.encoded("gzip, br") is page
    made.compress()
    packed = page.encoded("gzip, br")
    assert ("Content-Encoding", "br") in packed.headers
    encoded = {"Content-Encoding": "br", "Content-Length": str(len(packed.body))}
    assert dict(packed.headers) == dict(page.headers) | encoded
    assert brotli.decompress(packed.body) == page.body
    assert page.encoded("br;q=0, gzip").body[:2] == b"\x1f\x8b"
    assert page.encoded("identity") is page
    assert packed.etag == page.etag
    page.compress()
    assert page.encoded("gzip, br") is packed, "and made once"
    for accept, encoding in ((None, None), ("gzip", "gzip"), ("identity", None)):
        _, headers, body = page.reply({"accept-encoding": accept}.get)
        assert dict(headers).get("Content-Encoding") == encoding
        assert dict(headers)["Content-Length"] == str(len(body))


def test_maintenance_is_ready_made_for_the_public_alone():
    made = ready(picture(banner()))
    assert made.find(MAINTENANCE, "", NOW) not in (None, PENDING)
    plain = made.find(MAINTENANCE, "", NOW)
    assert made.find(MAINTENANCE, "utm_source=x", NOW) is plain
    assert made.find(MAINTENANCE, "audience=public&includeResolved=false", NOW) is plain
    assert made.find(MAINTENANCE, "limit=5", NOW) is PENDING
    told = made.make(MAINTENANCE, "limit=5", NOW)
    assert told is not None
    one = json.loads(told.body)["announcements"][0]
    assert (one["ref"], one["startsAt"]) == ("m-1", "2030-06-03T11:00:00Z")
    assert "version" not in one
    assert made.find(MAINTENANCE, "limit=5", NOW) is told
    assert made.find(MAINTENANCE, "utm_source=x&limit=5&_=7", NOW) is told
    assert made.find(MAINTENANCE, "audience=admin", NOW) is None
    assert made.make(MAINTENANCE, "limit=99", NOW) is None


def test_a_variant_is_good_until_its_own_instants():
    """What looks farther ahead, or back, turns at instants at which the page does not."""
    shown = picture(
        banner("far", status="scheduled", starts_at=NOW + 5 * HOUR, ends_at=NOW + 6 * HOUR),
        banner("over", status="resolved", ends_at=NOW - 2 * HOUR),
    )
    made = ready(shown)
    query = "windowMinutes=240&includeResolved=true"

    def refs(now) -> list[str]:
        answer = made.make(MAINTENANCE, query, now)
        assert answer is not None
        return [one["ref"] for one in json.loads(answer.body)["announcements"]]

    assert refs(NOW) == ["over"]
    first = made.find(MAINTENANCE, query, NOW + HOUR - TICK)
    assert first is not PENDING
    assert made.find(MAINTENANCE, query, NOW + HOUR) is PENDING
    assert refs(NOW + HOUR) == ["far", "over"]
    assert refs(NOW + 2 * HOUR) == ["far", "over"]
    assert refs(NOW + 2 * HOUR + TICK) == ["far"]


def test_an_answer_is_good_beyond_the_instant_at_which_it_was_made():
    """A window comes into its span at this very instant, and is told of already."""
    query = MaintenanceQuery(window_minutes=60)
    ahead = banner("ahead", status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    body, until = maintenance.body(picture(ahead), query, now=NOW)
    assert [one["ref"] for one in body["announcements"]] == ["ahead"]
    assert until == NOW + HOUR


@pytest.mark.parametrize(
    ("ends", "until", "why"),
    [
        (NOW - 2 * MINUTE, NOW + 3 * MINUTE + TICK, "for five minutes after its end"),
        (None, NOW + 12 * HOUR, "when it ended is not known, so it stays until the day turns"),
    ],
)
def test_until_when_what_is_over_is_told(ends: datetime | None, until: datetime, why: str):
    query = MaintenanceQuery(window_minutes=5, include_resolved=True)
    body, found = maintenance.body(picture(banner("over", status="resolved", ends_at=ends)), query)
    assert len(body["announcements"]) == 1
    assert found == until, why


def test_variants_are_kept_up_to_a_number():
    made = ready(picture())
    for minutes in range(5, 305):
        made.make(MAINTENANCE, f"windowMinutes={minutes}", NOW)
    assert len(made._variants) == answers._MOST_VARIANTS
