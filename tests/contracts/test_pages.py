"""Every page is looked at in a browser: none is left out of the check of accessibility."""

from tests.contracts.sources import ROOT
from tests.sites import Site

# Parts of pages, which the pages themselves poll, and what is no page.
FRAGMENTS = {"audit.export", "cards.alerts", "cards.poll", "public.banner", "public.board"}


def test_every_page_without_a_parameter_is_checked_in_a_browser(site: Site):
    files = ("pages.py", "test_accessibility.py")
    text = "".join((ROOT / "tests/browser" / one).read_text() for one in files)
    pages = [
        rule
        for rule in site.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and not rule.rule.startswith(("/api/", "/health"))
        and rule.endpoint not in FRAGMENTS
    ]
    assert len(pages) > 15
    for rule in pages:
        assert f'"{rule.rule}"' in text, f"{rule.rule} ({rule.endpoint})"
