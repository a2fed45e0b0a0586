"""A portal below a path of its host: every link, form, redirect and cookie leads below it."""

import gzip
import re

import pytest

from portal.accounts.roles import Role
from portal.settings.values import web_address
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from portal.web import prefix
from tests.conftest import Build
from tests.people import PASSWORD
from tests.sites import Site

URL = "https://example.com/status"
LINK = re.compile(r'(?:href|src|action|hx-[a-z-]+)="(/[^"]*)"')


@pytest.fixture
def below(build: Build) -> Site:
    return build(external_url=URL)


def links(text: str) -> list[str]:
    return LINK.findall(text)


@pytest.mark.parametrize(
    "path", ["/", "/banner", "/history", "/subscribe", "/api/docs", "/nothing", "/panel/login"]
)
def test_public_pages_lead_below_it(below: Site, path: str):
    found = links(below.client().get(path, headers={"Accept": "text/html"}).text)
    assert found or path == "/banner"
    assert [one for one in found if not one.startswith("/status/")] == []


def test_so_do_the_pages_that_are_made_when_asked_for(below: Site):
    below.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    for _ in range(2):
        answer = below.client().get("/components/api")
        assert answer.status_code == 200
        found = links(answer.text)
        assert found
        # Once, also where the thread answers that made it.
        assert [one for one in found if one.count("/status/") != 1] == []


def test_every_page_of_the_panel_leads_below_it(below: Site):
    person = below.signed_in(Role.ADMIN)
    rules = [one for one in below.app.url_map.iter_rules() if "GET" in (one.methods or ())]
    pages = sorted(one.rule for one in rules if one.rule.startswith("/panel") and not one.arguments)
    assert len(pages) > 10
    for path in pages:
        answer = person.client.get(path)
        if answer.mimetype == "text/html":
            wrong = [one for one in links(answer.text) if not one.startswith("/status/")]
            assert wrong == [], path
        if 300 <= answer.status_code < 400:
            assert answer.headers["Location"].startswith("/status/"), path


@pytest.mark.parametrize("front", ["", "/status"])
def test_a_request_may_come_with_the_path_or_without(below: Site, front: str):
    client = below.client()
    for path in ("/", "/api/status", "/history", "/health/live", "/static/css/base.css"):
        with client.get(f"{front}{path}") as answer:
            assert answer.status_code == 200, path
    refused = client.get(f"{front}/panel")
    assert refused.headers["Location"] == "/status/panel/login?next=/panel"
    form = {"name": "ada", "password": PASSWORD, "next": "/panel/maintenance"}
    below.operator("ada", Role.VIEWER)
    entered = client.post(f"{front}/panel/login", data=form)
    assert entered.headers["Location"] == "/status/panel/maintenance"
    assert "Path=/status/" in entered.headers["Set-Cookie"]


def test_an_address_that_only_begins_like_it_is_another(below: Site):
    assert below.client().get("/statusx").status_code == 404


def test_who_is_signed_out_while_polling_is_led_below_it(below: Site):
    answer = below.client().get("/panel/cards/exporter", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/status/panel/login?ended=1&next=/panel"


def test_the_pointer_and_the_api_document_say_it(below: Site):
    client = below.client()
    assert client.get("/health").get_json()["links"]["live"] == "/status/health/live"
    assert client.get("/api/openapi.json").get_json()["servers"] == [{"url": "/status"}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<a href="/x">', '<a href="/p/x">'),
        ('<a class="a" href="/">', '<a class="a" href="/p/">'),
        ('<form action="/x" hx-post="/y">', '<form action="/p/x" hx-post="/p/y">'),
        ('<a href="//other.example/">', '<a href="//other.example/">'),
        ('<a href="https://other.example/">', '<a href="https://other.example/">'),
        ('<input value="/panel">', '<input value="/panel">'),
        ("<p>href=&quot;/x&quot;</p>", "<p>href=&quot;/x&quot;</p>"),
    ],
)
def test_what_is_a_link_of_ours(text: str, told: str):
    assert prefix.html(text, "/p") == told
    assert prefix.html(text, "") == text


@pytest.mark.parametrize(
    "text", ["status.example.com", "ftp://x/", "https://x/?a=1", "https://u@x/", "https://x/a b"]
)
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(ValueError, match="must be an address"):
        web_address(text)


@pytest.mark.parametrize("path", ["/history", "/subscribe", "/panel/login", "/nothing"])
def test_links_lead_below_it_in_compressed_pages_too(below: Site, path: str):
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    answer = below.client().get(path, headers=headers)
    assert answer.headers["Content-Encoding"] == "gzip"
    page = gzip.decompress(answer.data).decode()
    assert 'href="/status/' in page
    assert 'href="/static/' not in page
