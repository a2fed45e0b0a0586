"""The site's own look: its files, its links, and what stands at the root."""

import json
from pathlib import Path

import pytest

from portal.settings import look as looks
from portal.settings.look import Accent, Link
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site

PAGES = ("/", "/history", "/subscribe", "/nothing-here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "look"
    (made / "fonts").mkdir(parents=True)
    for name in ("logo.svg", "logo-dark.svg", "favicon.svg"):
        (made / name).write_text(f"<svg xmlns='http://www.w3.org/2000/svg'><!-- {name} --></svg>")
    (made / "favicon.ico").write_bytes(b"icon")
    (made / "style.css").write_text(".brand { color: teal; }")
    (made / "fonts/own.woff2").write_bytes(b"font")
    (made / "notes.txt").write_text("inside")
    (made / "page.html").write_text("<script></script>")
    (made / "large.png").write_bytes(b"x" * (1024 * 1024 + 1))
    return made


def page(site: Site, path: str = "/") -> str:
    answer = site.client().get(path, headers={"Accept": "text/html"})
    return str(answer.get_data(as_text=True))


def test_every_public_page_has_it(build: Build, folder: Path):
    site = build(
        look_dir=folder,
        accent=Accent("#0a6b52", "#5fd6b0"),
        header_links=(Link("Docs", "https://example.com/docs"),),
        footer_links=(Link("Imprint", "/imprint"),),
    )
    for path in PAGES:
        text = page(site, path)
        for name in ("logo", "logo-dark", "favicon", "style"):
            assert f'"/static/look/{name}.' in text, (path, name)
        if path != "/nothing-here":
            assert '<a href="https://example.com/docs">Docs</a>' in text
            assert '<a href="/imprint">Imprint</a>' in text
    style = site.portal and site.client().get("/static/look/style.css")
    assert style.get_data(as_text=True) == (
        ":root { --accent: light-dark(#0a6b52, #5fd6b0); }\n.brand { color: teal; }"
    )
    client = site.client()
    assert client.get("/favicon.ico").data == b"icon"
    assert client.get("/static/look/fonts/own.woff2").data == b"font"
    logo = client.get("/static/look/logo.svg")
    assert logo.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for name in ("notes.txt", "page.html", "large.png", "../look/notes.txt"):
        assert client.get(f"/static/look/{name}").status_code == 404, name


def test_without_one_the_portals_own_stands_in(site: Site):
    text = page(site)
    assert "/static/look/" not in text
    client = site.client()
    assert client.get("/favicon.ico").content_type == "image/x-icon"
    assert client.get("/apple-touch-icon.png").content_type == "image/png"
    assert client.get("/.well-known/security.txt").status_code == 404
    assert site.portal.runtime.counters.read().hits == 1, "icons are not counted"


def test_a_note_is_markdown(build: Build):
    text = page(build(page_note="We **move** on https://example.com/blog."))
    assert "<strong>move</strong>" in text
    assert '<a href="https://example.com/blog"' in text


def test_the_manifest_and_robots_know_the_site(build: Build):
    site = build(site_name="Ünïque", external_url="https://example.com/status")
    answer = site.client().get("/site.webmanifest")
    assert answer.content_type == "application/manifest+json"
    manifest = json.loads(answer.data)
    assert (manifest["name"], manifest["start_url"]) == ("Ünïque", "/status/")
    for icon in manifest["icons"]:
        found = site.client().get(icon["src"].removeprefix("/status"))
        assert found.content_type == icon["type"]
    assert b"Disallow: /panel" in site.client().get("/robots.txt").data


def test_the_security_contact_is_told_as_the_standard_has_it(build: Build, still: StandingClock):
    site = build(security_contact="mailto:security@example.com", external_url="https://s.example")
    lines = site.client().get("/.well-known/security.txt").get_data(as_text=True).splitlines()
    assert lines[0] == "Contact: mailto:security@example.com"
    assert lines[1] == "Expires: 2031-06-01T00:00:00Z"
    assert lines[2] == "Canonical: https://s.example/.well-known/security.txt"


@pytest.mark.unit
@pytest.mark.parametrize(
    "raw", ["Docs", "=https://a.example", "Docs=javascript:alert(1)", "Docs=//evil.example"]
)
def test_a_link_needs_a_word_and_an_address(raw: str):
    with pytest.raises(ValueError, match="must be such as"):
        looks.links(raw)
