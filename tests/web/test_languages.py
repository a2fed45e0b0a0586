"""The public pages in the reader's language: chosen, kept, and with the words and figures of it."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from portal.board import languages
from portal.notify.messages import Fact, Message
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import ImpactLevel, IncidentIn
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from portal.web import catalogues
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.shared_sites import shared_site
from tests.sites import Site

OTHERS = [name for name in languages.NAMES if name != languages.DEFAULT]


def tell(site: Site, still: StandingClock) -> None:
    """A component with trouble, and a window."""
    status = site.portal.status
    since = still.moment.date() - timedelta(days=200)
    status.components.add(By("a"), ComponentIn(slug="api", name="API", group="G", since=since))
    status.incidents.open(
        By("a"),
        IncidentIn(
            title="Down",
            impact=ImpactLevel.MAJOR,
            message="We look.",
            components=[Impact(component="api", state=State.MAJOR)],
        ),
    )
    ends = still.moment + timedelta(hours=1)
    status.windows.schedule(By("a"), WindowIn(title="Upgrade", ends_at=ends))
    still.advance(minutes=40)


@pytest.fixture
def told(site: Site, still: StandingClock) -> Site:
    tell(site, still)
    return site


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """For reading alone."""
    with shared_site(tmp_path_factory) as (site, still):
        tell(site, still)
        yield site


def page(site: Site, path: str, language: str) -> str:
    answer = site.client().get(path, headers={"Accept-Language": language, "Accept": "text/html"})
    return " ".join(str(answer.get_data(as_text=True)).split())


PATHS = ("/", "/banner", "/board", "/embed", "/components/api", "/history", "/subscribe", "/none")


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_in_the_readers_language(shared: Site, path: str, language: str):
    text = page(shared, path, f"{language},en;q=0.5")
    english = page(shared, path, "en")
    assert text != english
    if path not in ("/banner", "/board"):
        direction = ' dir="rtl"' if language == "ar" else ""
        assert f'<html lang="{language}"{direction}>' in text
    # Each word of the portal has become another one.
    said = catalogues.catalogue(language)
    for word in ("Get updates", "Components", "Past incidents", "Uptime", "Incidents", "Details"):
        if said.gettext(word) != word and f">{word}<" in english:
            assert f">{word}<" not in text, word


def test_figures_and_dates_are_those_of_the_language(told: Site):
    german, french = page(told, "/components/api", "de"), page(told, "/history", "fr")
    assert "99,96" in german
    assert "40 Min. Ausfall" in german
    assert "vor 90 Tagen" in german
    assert "juin 2030" in french
    assert "2030年6月" in page(told, "/history", "ja")
    arabic = page(told, "/", "ar")
    assert "مكوّن واحد" in arabic
    assert "قبل 90 يوماً" in arabic


def test_a_choice_is_kept_by_links_and_by_the_poll(told: Site):
    client = told.client()
    for path in ("/", "/history", "/subscribe"):
        answer = client.get(f"{path}?lang=de", headers={"Accept-Language": "ja"})
        text = answer.get_data(as_text=True)
        assert '<html lang="de">' in text
        assert 'href="/history?lang=de"' in text
        assert "Accept-Language" in answer.headers["Vary"]
    assert 'hx-get="/banner?lang=de"' in client.get("/?lang=de").get_data(as_text=True)
    english = client.get("/?lang=en", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert 'href="/history?lang=en"' in english
    assert "Past incidents" in english


def test_tags_tell_languages_apart_and_stand_still(told: Site):
    client = told.client()
    tags = {}
    for language in languages.NAMES:
        headers = {"Accept-Language": language}
        tags[language] = tag = client.get("/banner", headers=headers).headers["ETag"]
        again = client.get("/banner", headers={**headers, "If-None-Match": tag})
        assert again.status_code == 304
    assert len(set(tags.values())) == len(tags)


def test_what_is_made_ahead_is_english_whoever_changes_something(told: Site):
    """A rebuild within somebody's request speaks no language of theirs."""
    with told.app.test_request_context("/history", headers={"Accept-Language": "de"}):
        told.portal.status.components.add(By("a"), ComponentIn(slug="web", name="Web"))
    assert "Past incidents" in page(told, "/", "en")


def test_feeds_and_badges_speak_too_and_machines_are_left_alone(told: Site):
    client = told.client()
    german = client.get("/feed.atom?lang=de").get_data(as_text=True)
    assert "In Untersuchung" in german
    assert "Großer Ausfall" in client.get("/badge.svg?lang=de").get_data(as_text=True)
    assert "重大な障害" in client.get(
        "/components/api/badge.svg", headers={"Accept-Language": "ja"}
    ).get_data(as_text=True)
    for path in ("/api/status", "/api/v2/summary.json", "/calendar.ics"):
        plain = client.get(path)
        other = client.get(path, headers={"Accept-Language": "de"})
        assert plain.data == other.data
        assert "Accept-Language" not in other.headers["Vary"]


def test_the_panel_and_its_errors_are_in_english(told: Site):
    person = told.signed_in()
    text = person.client.get("/panel/incidents", headers={"Accept-Language": "de"})
    assert "Identified" in text.get_data(as_text=True) or "Investigating" in text.get_data(
        as_text=True
    )


def test_below_a_path_links_have_both(build: Build):
    site = build(external_url="https://example.com/status")
    text = site.client().get("/?lang=fr").get_data(as_text=True)
    assert re.search(r'href="/status/history\?lang=fr"', text)


@pytest.mark.parametrize("length", ["%", "100 %", "%(x)s"])
def test_operators_texts_are_no_formats(site: Site, length: str):
    site.portal.status.incidents.open(
        By("a"),
        IncidentIn(title=f"At {length}", impact=ImpactLevel.MINOR, message=f"{length} {{}}"),
    )
    for language in languages.NAMES:
        assert site.client().get(f"/?lang={language}").status_code == 200


@pytest.mark.parametrize(
    ("language", "title", "said"),
    [
        ("de", "Zu viele Anfragen", "Mehr als 2 Anfragen in 60 Sekunden."),
        ("fr", "Trop de requêtes", "Plus de 2 requêtes en 60 secondes."),
        ("en", "Too Many Requests", "More than 2 requests in 60 seconds."),
    ],
)
def test_a_refusal_of_the_guard_is_in_the_readers_language(
    build: Build, still: StandingClock, language: str, title: str, said: str
):
    site = build(rate_limit="2/minute")
    client = site.client()
    headers = {"Accept": "text/html", "Accept-Language": language}
    for _ in range(2):
        client.get("/", headers=headers)
    answer = client.get("/", headers=headers)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 429
    assert f'<html lang="{language}"' in page
    assert title in page
    assert said in page
    # Programs and operators are told in English.
    for path, accept in (("/api/status", "*/*"), ("/panel/login", "text/html")):
        answer = client.get(path, headers={"Accept": accept, "Accept-Language": "de"})
        assert "More than 2 requests in 60 seconds." in answer.get_data(as_text=True)
    explicit = client.get("/history?lang=ar", headers=headers).get_data(as_text=True)
    assert '<html lang="ar" dir="rtl">' in explicit
    assert 'href="/?lang=ar"' in explicit


def test_what_a_message_says_of_components_is_in_its_language(site: Site):
    render = site.portal.notify.render
    message = Message(
        "Identified",
        "warn",
        "T",
        "",
        "",
        "/",
        "Open the status page",
        [
            Fact("Affected", named=(("<API>", "major outage"), ("Web", ""))),
            Fact("Impact", word="major"),
        ],
    )
    given = {"message": message, "site_name": "S", "url": "", "manage": ""}
    text, html = render("notice", "de", **given)
    assert "Betroffen: <API> (großer Ausfall), Web" in text
    assert "&lt;API&gt; (großer Ausfall), Web" in html
    assert "major" not in text
