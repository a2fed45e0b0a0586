"""Static files under names by their hash, which stay for good."""

import re

from portal.web.statics import Statics, files
from tests.sites import Site


def test_pages_name_static_files_by_their_hash_and_those_stay_for_good(site: Site):
    client = site.client()
    page = client.get("/").text
    names = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(names) >= 4
    for name in names:
        assert re.search(r"\.[0-9a-f]{10}\.(css|js|svg|png)$", name), name
        answer = client.get(name, headers={"Accept-Encoding": "br"})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        plain = client.get(re.sub(r"\.[0-9a-f]{10}\.", ".", name))
        assert plain.headers["Cache-Control"] == "public, max-age=3600"
    assert site.portal.runtime.counters.read().hits == 1, "only the page was counted"


def test_a_changed_file_has_another_name(tmp_path):
    style = tmp_path / "css/a.css"
    style.parent.mkdir()
    style.write_text("a {}")
    first = Statics(files(tmp_path))
    style.write_text("b {}")
    second = Statics(files(tmp_path))
    source = '<link href="/static/css/a.css"><script src="/static/js/none.js">'
    assert first.hashed(source) != second.hashed(source)
    assert first.hashed(source).endswith('src="/static/js/none.js">')
    assert second.find(first.names["/static/css/a.css"]) is None


def test_nothing_beside_the_folder_is_given_out(site: Site):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/static/css"):
        assert site.client().get(path).status_code == 404, path
