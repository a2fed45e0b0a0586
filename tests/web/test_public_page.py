"""The public page: what it says of itself to machines, what it folds, and what is overdue."""

import re
from datetime import timedelta

import icalendar
import pytest

from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import ImpactLevel, IncidentIn
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site

ADDRESS = "https://status.example.com"


def component(site: Site, slug: str, **values: object) -> None:
    new = {"slug": slug, "name": slug.upper(), **values}
    site.portal.status.components.add(By("a"), ComponentIn(**new))  # type: ignore[arg-type]


def incident(site: Site, **values: object) -> str:
    given = {"title": "Down", "impact": ImpactLevel.MAJOR, "message": "We look.", **values}
    row = site.portal.status.incidents.open(By("a"), IncidentIn(**given))  # type: ignore[arg-type]
    return str(row.reference)


def window(site: Site, still: StandingClock, **values: object) -> str:
    given = {"title": "Upgrade", "ends_at": still.moment + timedelta(hours=1), **values}
    row = site.portal.status.windows.schedule(By("a"), WindowIn(**given))  # type: ignore[arg-type]
    return str(row.reference)


def test_every_public_page_describes_itself(build: Build, still: StandingClock):
    site = build(external_url=ADDRESS)
    component(site, "api")
    for path in (
        "/",
        "/history",
        "/components/api",
        f"/incidents/{incident(site)}",
        f"/maintenance/{window(site, still)}",
    ):
        page = site.client().get(path).get_data(as_text=True)
        for name in ('name="description"', 'property="og:title"', 'property="og:description"'):
            assert re.search(rf'<meta {name} content="[^"]+">', page), (path, name)
        assert f'<link rel="canonical" href="{ADDRESS}{path}">' in page, path
        assert f'<meta property="og:url" content="{ADDRESS}{path}">' in page, path
        picture = re.search(r'og:image" content="([^"]+)"', page)
        assert picture
        assert site.client().get(picture[1].removeprefix(ADDRESS)).content_type == "image/png"


@pytest.mark.parametrize(("number", "has_open"), [(12, True), (13, False)])
def test_healthy_groups_fold_where_there_are_many(site: Site, number: int, has_open: bool):
    for one in range(number):
        component(site, f"c{one}", group=f"Group {one // 4}", position=one)
    page = site.client().get("/").get_data(as_text=True)
    assert ('data-key="group:Group 1" open>' in page) is has_open
    incident(site, components=[Impact(component="c5", state=State.PARTIAL)])
    page = site.client().get("/").get_data(as_text=True)
    assert 'data-key="group:Group 1" open>' in page
    assert ('data-key="group:Group 2" open>' in page) is has_open


def test_many_components_without_a_group_fold_too(site: Site):
    for one in range(20):
        component(site, f"c{one}", position=one)
    page = " ".join(site.client().get("/").get_data(as_text=True).split())
    assert 'data-key="group:">' in page
    assert "20 components" in page


@pytest.mark.parametrize(
    ("text", "fold"),
    [("short", None), ("word " * 60, "narrow"), ("word " * 100, "wide"), ("- one\n" * 7, "wide")],
)
def test_a_long_message_is_folded_and_whole(site: Site, text: str, fold: str | None):
    incident(site, message=text)
    page = site.client().get("/").get_data(as_text=True)
    assert page.count('<details class="rest">') == (fold is not None)
    assert fold is None or f"fold-{fold}" in page
    assert page.count("word") + page.count("<li>one") >= text.count("word") + text.count("one")


def test_an_update_that_is_overdue_is_told_by_itself(site: Site, still: StandingClock):
    due = still.moment + timedelta(minutes=30)
    reference = incident(site, next_update_at=due)
    client = site.client()
    before = client.get("/banner")
    assert "next update by" in before.get_data(as_text=True)
    assert "12:30 UTC" in before.get_data(as_text=True)
    still.advance(minutes=29)
    assert client.get("/banner").headers["ETag"] == before.headers["ETag"]
    still.advance(minutes=1)
    assert "the next update was due at" in client.get("/banner").get_data(as_text=True)
    page = client.get(f"/incidents/{reference}").get_data(as_text=True)
    assert "The next update was due at" in page


def test_a_window_can_be_put_into_a_calendar(site: Site, still: StandingClock):
    component(site, "api")
    reference = window(site, still, components=["api"])
    hidden = window(site, still, audiences=["operations"])
    client = site.client()
    page = client.get("/").get_data(as_text=True)
    assert f'href="/maintenance/{reference}.ics"' in page
    answer = client.get(f"/maintenance/{reference}.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    (event,) = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Upgrade"
    for other in (hidden, "m-none"):
        assert client.get(f"/maintenance/{other}.ics").status_code == 404


def test_a_component_has_a_badge(site: Site):
    component(site, "api")
    component(site, "inner", is_public=False)
    client = site.client()
    badge = client.get("/components/api/badge.svg")
    assert badge.content_type == "image/svg+xml"
    assert badge.headers["Content-Security-Policy"] == "default-src 'none'"
    assert "API: operational" in badge.get_data(as_text=True)
    incident(site, components=[Impact(component="api", state=State.MAJOR)])
    assert "API: major outage" in client.get("/components/api/badge.svg").get_data(as_text=True)
    for path in ("inner/badge.svg", "none/badge.svg", "api/other.svg", "inner", "api/"):
        assert client.get(f"/components/{path}").status_code == 404, path


def test_the_page_of_a_component_has_its_uptime_and_what_touched_it(
    site: Site, still: StandingClock
):
    component(site, "api", group="Core", since=still.moment.date() - timedelta(days=200))
    reference = incident(site, components=[Impact(component="api", state=State.MAJOR)])
    begins = still.moment + timedelta(hours=5)
    planned = window(
        site, still, components=["api"], starts_at=begins, ends_at=begins + timedelta(hours=1)
    )
    still.advance(hours=1)
    page = " ".join(site.client().get("/components/api").get_data(as_text=True).split())
    for said in ("API</bdi>: Major outage", "Part of Core", "1 h down", "1 in 90 days"):
        assert said in page, said
    assert page.count("<dt>") == 3
    assert f'<a href="/incidents/{reference}"><bdi>Down</bdi></a>' in page
    assert planned not in page
