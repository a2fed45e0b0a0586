"""Operators' texts on public paths: in the reader's language as far as they are translated."""

import json
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from portal.accounts.roles import Scope
from portal.status.announcements import AnnouncementIn, StatusChange
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import IncidentIn, UpdateIn
from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import DAY, HOUR, NOW
from tests.shared_sites import shared_site
from tests.sites import Site
from tests.web.outages import away

ADA = By("ada")
HOSTILE = "<script>x</script>"
# Both parts in German, the title alone in Arabic, nothing in French.
LANGUAGES = ("en", "de", "ar", "fr")


def texts(kind: str) -> dict[str, Any]:
    return {
        "de": {"title": f"{kind} auf Deutsch", "message": f"**{kind}-Text** {HOSTILE}"},
        "ar": {"title": f"{kind} بالعربية"},
    }


def title(kind: str, language: str) -> str:
    return {"de": f"{kind} auf Deutsch", "ar": f"{kind} بالعربية"}.get(language, f"{kind} title")


def message(kind: str, language: str) -> str:
    text = f"{kind}-Text" if language == "de" else f"{kind} text"
    return f"<strong>{text}</strong>"


def written(kind: str) -> dict[str, Any]:
    return {"title": f"{kind} title", "message": f"**{kind} text**", "translations": texts(kind)}


def tell(site: Site, still: StandingClock) -> dict[str, str]:
    """One of each kind, and how each is named."""
    status = site.portal.status
    status.components.add(ADA, ComponentIn(slug="api", name="API"))
    over = status.announcements.create(ADA, AnnouncementIn(status="active", **written("past")))
    status.announcements.set_status(ADA, over.slug, StatusChange(status="resolved"))
    status.announcements.create(ADA, AnnouncementIn(status="active", **written("notice")))
    row = status.windows.schedule(
        ADA, WindowIn(ends_at=NOW + HOUR, components=["api"], **written("window"))
    )
    status.windows.schedule(
        ADA, WindowIn(starts_at=NOW + DAY, ends_at=NOW + DAY + HOUR, **written("coming"))
    )
    incident = status.incidents.open(
        ADA,
        IncidentIn(
            impact="major",
            components=[Impact(component="api", state=State.MAJOR)],
            **written("incident"),
        ),
    )
    still.advance(minutes=5)
    words = {"de": {"message": "**update-Text**"}}
    new = UpdateIn(status="monitoring", message="**update text**", translations=words)
    status.incidents.update(ADA, incident.reference, new)
    return {"window": row.reference, "incident": incident.reference}


@pytest.fixture
def told(site: Site, still: StandingClock) -> dict[str, str]:
    return tell(site, still)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """For reading alone."""
    with shared_site(tmp_path_factory) as (site, still):
        yield site, tell(site, still)


def read(site: Site, path: str, language: str) -> str:
    answer = site.client().get(path, headers={"Accept-Language": language, "Accept": "*/*"})
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    if path.endswith(".json"):
        return json.dumps(json.loads(text), ensure_ascii=False)
    return unescape(text) if path.startswith(("/feed", "/history.")) else text


# What of whom stands on which path: titles, and messages.
PATHS = {
    "/": (["notice", "window", "coming", "incident", "past"], ["notice", "window", "update"]),
    "/banner": (["notice", "window", "incident"], ["notice", "window", "update"]),
    "/embed": (["notice", "window", "incident"], ["notice", "window", "update"]),
    "/board": (["coming", "past"], ["coming", "past"]),
    "/history": (["window", "coming", "incident"], []),
    "/incidents/{incident}": (["incident"], ["incident", "update"]),
    "/maintenance/{window}": (["window"], ["window"]),
    "/components/api": (["window", "incident"], []),
    "/feed.atom": (
        ["notice", "window", "coming", "incident", "past"],
        ["notice", "window", "coming", "incident", "update"],
    ),
    "/feed.rss": (["notice", "window", "incident"], ["notice", "window", "incident", "update"]),
    "/feed.json": (["notice", "window", "incident"], ["notice", "window", "incident", "update"]),
    "/history.atom": (["notice", "incident"], ["notice", "update"]),
    "/history.rss": (["notice", "incident"], ["notice", "update"]),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_each_path_says_it_in_the_readers_language(
    shared: tuple[Site, dict[str, str]], path: str, language: str
):
    site, told = shared
    titles, messages = PATHS[path]
    text = read(site, path.format(**told), language)
    for kind in titles:
        assert title(kind, language) in text
        for other in LANGUAGES:
            if title(kind, other) != title(kind, language):
                assert title(kind, other) not in text, (kind, other)
    for kind in messages:
        assert message(kind, language) in text
        other = message(kind, "en" if language == "de" else "de")
        assert other not in text, kind
    assert "<script>x" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_the_database_the_pages_say_the_same(
    site: Site, told: dict[str, str], language: str
):
    away(site)
    for path in ("/incidents/{incident}", "/maintenance/{window}", "/history"):
        titles, messages = PATHS[path]
        text = read(site, path.format(**told), language)
        for kind in titles:
            assert title(kind, language) in text
        for kind in messages:
            assert message(kind, language) in text


def test_machines_get_the_original_with_what_there_is_of_translations(
    site: Site, told: dict[str, str]
):
    client, german = site.client(), {"Accept-Language": "de"}
    body = client.get("/api/status", headers=german).json
    incident, (update, first) = body["incidents"][0], body["incidents"][0]["updates"]
    assert incident["title"] == "incident title"
    assert incident["translations"]["ar"] == {"title": "incident بالعربية"}
    assert "message" not in incident["translations"]["de"]
    assert update["translations"] == {"de": {"message": "**update-Text**"}}
    assert first["message"] == "**incident text**"
    banners = {one["title"]: one["translations"] for one in body["banners"]}
    assert banners["notice title"] == texts("notice")
    assert banners["incident title"]["de"]["message"] == "**update-Text**"
    told_of = client.get("/api/runtime/maintenance", headers=german).json["announcements"]
    assert {one["title"] for one in told_of} >= {"notice title", "window title"}
    for path in ("/api/v2/incidents.json", "/api/v2/summary.json", "/calendar.ics"):
        assert "Deutsch" not in client.get(path, headers=german).get_data(as_text=True), path


def test_where_there_are_none_nothing_is_said_of_them(site: Site, still: StandingClock):
    status = site.portal.status
    status.announcements.create(ADA, AnnouncementIn(title="T", message="m", status="active"))
    status.windows.schedule(ADA, WindowIn(title="T", ends_at=NOW + HOUR))
    status.incidents.open(ADA, IncidentIn(title="T", impact="minor", message="m"))
    for path in ("/api/status", "/api/runtime/maintenance"):
        assert "translations" not in site.client().get(path).get_data(as_text=True)


def test_the_banner_stays_small_in_every_language(site: Site, still: StandingClock):
    text = {"title": "ع" * 240, "message": "**عربي** " * 550}
    for number in range(12):
        new = AnnouncementIn(
            title=f"{number}", message="m", status="active", translations={"ar": text, "ja": text}
        )
        site.portal.status.announcements.create(ADA, new)
    for language in ("en", "ar", "ja"):
        answer = site.client().get("/banner", headers={"Accept-Language": language})
        assert len(answer.data) <= 10_000, language


def test_the_api_takes_them_shows_them_and_says_what_is_wrong(site: Site, still: StandingClock):
    client, bearer = site.client(), site.bearer(*Scope)
    path = "/api/admin/runtime/maintenance"
    body: dict[str, Any] = {"title": "Terms", "status": "active", "translations": texts("x")}
    made = client.post(path, json=body, headers=bearer)
    assert made.status_code == 201, made.text
    assert made.json["translations"] == texts("x")
    slug = made.json["slug"]
    for wrong, field in (
        ({"xx": {"title": "t"}}, "translations.xx.[key]"),
        ({"de": {"text": "t"}}, "translations.de.text"),
        ({"de": {"title": ""}}, "translations.de.title"),
    ):
        refused = client.post(path, json=body | {"translations": wrong}, headers=bearer)
        assert refused.status_code == 422
        assert list(refused.json["errors"]) == [field]
    # Who knows nothing of them takes none away.
    kept = client.put(f"{path}/{slug}", json={"title": "New", "status": "active"}, headers=bearer)
    assert kept.json["translations"] == texts("x")
    gone = {"title": "New", "status": "active", "translations": {}}
    assert client.put(f"{path}/{slug}", json=gone, headers=bearer).json["translations"] == {}


def test_a_window_that_is_called_off_is_told_in_ones_language(site: Site, told: dict[str, str]):
    site.portal.status.windows.act(ADA, told["window"], WindowAct(action="end"))
    text = read(site, f"/maintenance/{told['window']}", "de")
    assert title("window", "de") in text
