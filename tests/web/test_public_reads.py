"""Public reads as caches, browsers of other origins and clients of Statuspage ask for them."""

import re
from datetime import timedelta

import pytest

from portal.status.announcements import AnnouncementIn
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site

READS = ("/", "/banner", "/api/status", "/api/v2/summary.json", "/history.atom", "/badge.svg")


@pytest.mark.parametrize("path", READS)
def test_a_tag_is_known_in_all_its_forms(site: Site, path: str):
    client = site.client()
    tag = client.get(path).headers["ETag"]
    assert tag.startswith('W/"')
    for held in (tag, tag[2:], "*", f'"other", {tag[2:]}', f'W/"other",{tag}'):
        answer = client.get(path, headers={"If-None-Match": held})
        assert (answer.status_code, answer.data) == (304, b""), held
    for other in ('"other"', 'W/"other"', tag.strip('W/"')):
        assert client.get(path, headers={"If-None-Match": other}).status_code == 200, other


@pytest.mark.parametrize("path", READS)
def test_a_page_of_another_origin_may_read_the_tag_and_ask_first(build: Build, path: str):
    client = build(public_cors="*").client()
    answer = client.get(path)
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag"
    asked = client.options(
        path,
        headers={
            "Origin": "https://other.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )
    assert asked.status_code in {200, 204}
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert asked.headers["Access-Control-Allow-Headers"] == "If-None-Match"
    assert "GET" in asked.headers["Access-Control-Allow-Methods"]


def test_the_history_feeds_are_the_feeds(site: Site):
    client = site.client()
    for kind in ("atom", "rss"):
        known, alias = client.get(f"/feed.{kind}"), client.get(f"/history.{kind}")
        assert (alias.data, alias.content_type) == (known.data, known.content_type)


def test_what_is_for_others_moves_no_public_tag(site: Site, still: StandingClock):
    client = site.client()
    before = {path: client.get(path).headers["ETag"] for path in READS}
    still.advance(seconds=20)
    site.portal.status.announcements.create(
        By("ada"),
        AnnouncementIn(
            title="Inside",
            severity="info",
            audiences=["operations"],
            ends_at=still.moment + timedelta(hours=1),
        ),
    )
    site.portal.board.refresh()
    assert {path: client.get(path).headers["ETag"] for path in READS} == before


def test_a_portal_that_watches_nothing_says_so_everywhere(site: Site, still: StandingClock):
    client = site.client()

    def said() -> set[str]:
        site.portal.board.refresh()
        summary = client.get("/api/v2/summary.json").json["status"]
        status = client.get("/api/status").json
        assert summary["indicator"] == status["indicator"] == "none"
        words = {summary["description"], status["description"]}
        for path in ("/", "/banner", "/badge.svg"):
            text = client.get(path).get_data(as_text=True)
            assert all(word in text for word in words)
        return words

    assert said() == {"Nothing is monitored yet"}
    page = client.get("/").get_data(as_text=True)
    assert "operational" not in page
    assert 'class="card state tone-info"' in page
    acts = site.portal.status.components
    acts.add(By("ada"), ComponentIn(slug="api", name="API"))
    assert said() == {"Nothing is monitored yet"}
    acts.set_state(By("ada", version=1), "api", None)
    assert said() == {"All systems operational"}


def test_a_component_with_an_alert_is_watched(site: Site):
    new = ComponentIn(slug="api", name="API", alerts=["worker-error"])
    site.portal.status.components.add(By("ada"), new)
    site.portal.board.refresh()
    assert site.client().get("/api/status").json["description"] == "All systems operational"


@pytest.mark.parametrize(("age", "said"), [(0, "in 1 day"), (9, "in 10 days"), (200, "in 90 days")])
def test_a_figure_of_uptime_says_of_how_many_days_it_is(
    site: Site, still: StandingClock, age: int, said: str
):
    since = still.moment.date() - timedelta(days=age)
    new = ComponentIn(slug="api", name="API", since=since, alerts=["worker-error"])
    site.portal.status.components.add(By("ada"), new)
    site.portal.board.refresh()
    page = site.client().get("/").get_data(as_text=True)
    text = " ".join(re.sub("<[^>]+>", " ", page).split()) + " "
    assert f"uptime {said} " in text
    assert "Degraded performance and planned maintenance do not reduce it." in page
