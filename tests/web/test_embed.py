"""What other sites show of the portal: the frame by setting, and the script's own headers."""

import re

import pytest

from tests.conftest import Build
from tests.sites import Site


@pytest.mark.parametrize(
    ("origins", "policy"), [((), "'none'"), (("https://app.example", "https://*.b.example"), None)]
)
def test_only_named_sites_may_show_the_frame(build: Build, origins, policy: str | None):
    client = build(embed_origins=origins).client()
    found = client.get("/embed").headers["Content-Security-Policy"]
    assert f"frame-ancestors {policy or ' '.join(origins)}" in found
    assert "script-src 'self'" in found
    for path in ("/", "/banner", "/subscribe", "/panel/login"):
        other = client.get(path).headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in other, path


def test_the_frame_says_what_the_banner_says(site: Site):
    client = site.client()
    banner = client.get("/banner").get_data(as_text=True)
    page = client.get("/embed").get_data(as_text=True)
    assert banner in page
    assert '<base target="_blank">' in page


def test_the_script_is_small_and_sets_nothing(site: Site):
    client = site.client()
    answer = client.get("/embed/banner.js", headers={"Accept-Encoding": "br"})
    assert answer.content_type.startswith("text/javascript")
    assert len(answer.data) <= 2_000
    assert "Set-Cookie" not in answer.headers
    source = client.get("/embed/banner.js").get_data(as_text=True)
    assert not re.search(r"cookie\s*=|localStorage|innerHTML|eval\(", source)
    assert site.portal.runtime.counters.read().hits == 0
