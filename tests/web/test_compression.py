"""What Flask answers is compressed for who takes it, and is the same when it is unpacked."""

import gzip

import pytest

from tests.sites import Site

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    ("accepts", "is_packed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("br", False), ("gzip;q=0", False)],
)
def test_a_page_is_packed_for_who_takes_it(site: Site, accepts: str, is_packed: bool):
    client = site.signed_in().client
    plain = client.get("/panel/maintenance")
    packed = client.get("/panel/maintenance", headers={"Accept-Encoding": accepts})
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"], "caches must know, whichever came first"
    assert (packed.headers.get("Content-Encoding") == "gzip") is is_packed
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    if is_packed:
        assert len(packed.data) * 2 < len(plain.data)
    body = gzip.decompress(packed.data) if is_packed else packed.data
    assert b"</html>" in body
    head = client.head("/panel/maintenance", headers={"Accept-Encoding": accepts})
    assert head.headers.get("Content-Encoding") == packed.headers.get("Content-Encoding")


def test_what_is_short_or_named_by_its_bytes_is_left(site: Site):
    takes = {"Accept-Encoding": "gzip"}
    client = site.client()
    short = client.get("/health/live", headers=takes)
    assert "Content-Encoding" not in short.headers
    made = client.post(
        "/api/admin/runtime/maintenance/windows",
        json={
            "title": "Work",
            "message": "word " * 400,
            "startsAt": "2031-01-01T00:00:00Z",
            "endsAt": "2031-01-01T01:00:00Z",
        },
        headers=site.bearer() | takes,
    )
    assert made.status_code == 201
    assert len(made.data) > 1000
    assert made.headers["ETag"] == '"1"'
    assert "Content-Encoding" not in made.headers, "a client sends this tag back with a change"


def test_the_feed_is_packed_and_whole(site: Site):
    plain = site.scrape()
    packed = site.scrape(**{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    names = {line.split()[2] for line in plain.text.splitlines() if line.startswith("# TYPE")}
    body = gzip.decompress(packed.data).decode()
    assert {line.split()[2] for line in body.splitlines() if line.startswith("# TYPE")} == names
