"""Feeds: their entries, their heads, and how new they are; on values alone."""

import json
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from portal.board import feeds, statuspage
from portal.board.feeds import MOST_ENTRIES
from portal.board.site import Site
from tests.board.documents import ATOM, BARE, SITE, update
from tests.board.pictures import banner, event, part, picture
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


def test_an_entry_is_as_new_as_the_last_word_on_it():
    shown = picture(
        banner("said", kind="announcement", published_at=NOW - HOUR, message_html="<p>a</p>"),
        banner("INC-1", kind="incident", starts_at=NOW - 3 * HOUR),
        banner("over", kind="announcement", published_at=NOW - 5 * HOUR, resolved_at=NOW),
        banner("never", kind="announcement", starts_at=NOW - 9 * HOUR),
        banner("m-1", starts_at=NOW - 2 * HOUR, published_at=NOW - 8 * HOUR, message_html="w"),
        incidents=(event("INC-1", updates=[update(2, "late"), update(90, "early")]),),
    )
    found = feeds.entries(shown, SITE)
    assert [(one.id.rpartition(":")[2], one.updated_at) for one in found] == [
        ("over", NOW),
        ("INC-1", NOW - timedelta(minutes=2)),
        ("said", NOW - HOUR),
        ("m-1", NOW - 8 * HOUR),
        ("never", NOW - 9 * HOUR),
    ]
    html = {one.id.rpartition(":")[2]: one.html for one in found}
    assert html["said"] == "<p>a</p>"
    assert html["INC-1"].startswith("<p><strong>Identified</strong>, 2030-06-03T11:58:00Z</p>")
    assert html["INC-1"].index("late") < html["INC-1"].index("early")
    assert html["m-1"] == ("<p>In progress: 2030-06-03T10:00:00Z – 2030-06-03T13:00:00Z</p>w")
    assert found[0].published_at == NOW - 5 * HOUR


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"status": "scheduled"}, "Planned: 2030-06-03T11:00:00Z – 2030-06-03T13:00:00Z"),
        ({"status": "resolved", "ends_at": None}, "Completed: 2030-06-03T11:00:00Z"),
    ],
)
def test_when_a_window_is(values, text):
    assert feeds._span(banner(**values), SITE) == text


def test_feeds_hold_so_many_and_the_latest():
    shown = picture(*(banner(f"m-{n}", published_at=NOW - n * HOUR) for n in range(60)))
    found = feeds.entries(shown, SITE)
    assert len(found) == MOST_ENTRIES
    assert found[-1].updated_at == NOW - (MOST_ENTRIES - 1) * HOUR


def test_names_and_links_with_and_without_an_address():
    one = banner("m-1")
    assert SITE.id_of(one) == "tag:status.example,2026:window:m-1"
    assert BARE.id_of(one) == "urn:portal:window:m-1"
    assert SITE.link_to(one) == "https://status.example/maintenance/m-1"
    assert SITE.link_to(banner("I", kind="incident")) == "https://status.example/incidents/I"
    assert SITE.link_to(banner("a", kind="announcement")) == "https://status.example/"


@pytest.mark.parametrize(
    ("site", "identity", "links"),
    [(SITE, "tag:status.example,2026:status", 2), (BARE, "urn:portal:status", 0)],
)
def test_the_head_of_the_feeds(site: Site, identity: str, links: int):
    shown = picture(banner("m-1", published_at=NOW - HOUR))
    root = ElementTree.fromstring(feeds.atom(shown, site)[1])
    assert root.findtext(f"{ATOM}id") == identity
    assert len(root.findall(f"{ATOM}link")) == links
    assert root.findtext(f"{ATOM}updated") == "2030-06-03T11:00:00Z"
    empty = ElementTree.fromstring(feeds.atom(picture(), site)[1])
    # Where there is nothing to tell, the day; not the instant at which somebody asked.
    assert empty.findtext(f"{ATOM}updated") == "2030-06-03T00:00:00Z"
    channel = ElementTree.fromstring(feeds.rss(shown, site)[1])[0]
    assert len(channel.findall(f"{ATOM}link")) == links // 2
    body = json.loads(feeds.json_feed(shown, site)[1])
    assert ("feed_url" in body) is ("home_page_url" in body) is bool(links)


def test_letters_stay_letters():
    for made in (feeds.json_feed(picture(), SITE), feeds.atom(picture(), SITE)):
        assert "Sïte".encode() in made[1]
    whole = statuspage.documents(SITE)["/api/v2/status.json"](picture())
    assert "Sïte".encode() in whole[1]


def test_the_feeds_are_as_new_as_their_latest_entry():
    old, late = (
        banner(ref, starts_at=NOW - hours * HOUR, published_at=NOW - hours * HOUR)
        for ref, hours in (("old", 5), ("late", 3))
    )
    shown = picture(old, late, components=(part("api", changed_at=NOW),))
    latest = max(one.updated_at for one in feeds.entries(shown, SITE))
    root = ElementTree.fromstring(feeds.atom(shown, SITE)[1])
    assert root.findtext(f"{ATOM}updated") == latest.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert latest < shown.changed_at
    quiet = ElementTree.fromstring(feeds.atom(picture(), SITE)[1])
    assert quiet.findtext(f"{ATOM}updated") == "2030-06-03T00:00:00Z"


def test_a_series_does_not_push_what_runs_out_of_the_feeds():
    shown = picture(
        banner("INC-1", kind="incident", published_at=NOW - 900 * HOUR),
        *(
            banner(
                f"s{n}",
                status="scheduled",
                series=1,
                starts_at=NOW + (n + 1) * HOUR,
                published_at=NOW,
            )
            for n in range(90)
        ),
        *(
            banner(f"a{n}", kind="announcement", status="resolved", resolved_at=NOW - n * HOUR)
            for n in range(90)
        ),
    )
    found = [one.id.rpartition(":")[2] for one in feeds.entries(shown, SITE)]
    assert "INC-1" in found
    assert [one for one in found if one.startswith("s")] == ["s0", "s1"]
    assert len(found) == MOST_ENTRIES
