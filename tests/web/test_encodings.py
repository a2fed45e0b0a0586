"""Compressed answers: what a client takes, made once for all."""

import gzip
import re
from collections.abc import Iterator

import brotli
import pytest

from portal import ROOT
from portal.board import encodings
from portal.board.languages import is_spoken
from portal.cli import demo
from portal.web import statics
from portal.web.headers import PUBLIC_READS
from tests.conftest import Build
from tests.sites import Site

DECODE = {"br": brotli.decompress, "gzip": gzip.decompress, "": lambda body: body}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("zstd, gzip;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip;q=0.001", "gzip"),
        ("br;q=0.0, gzip;q=0", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("identity", ""),
        ("br;q=0, *", "gzip"),
        ("gzip;q=nonsense", ""),
        (",;,;=", ""),
    ],
)
def test_the_best_that_a_client_takes(accept: str, encoding: str):
    assert encodings.best(accept) == encoding


@pytest.mark.parametrize("encoding", list(DECODE))
def test_every_public_answer_says_the_same_in_every_encoding(site: Site, encoding: str):
    client = site.client()
    for path in sorted(PUBLIC_READS - {"/api/docs", "/api/openapi.json"}):
        plain = client.get(path)
        told = client.get(path, headers={"Accept-Encoding": encoding})
        taken = told.headers.get("Content-Encoding", "")
        assert taken == (encoding if len(plain.data) >= encodings.SMALLEST else ""), path
        assert DECODE[taken](told.data) == plain.data, path
        assert int(told.headers["Content-Length"]) == len(told.data)
        assert told.headers["ETag"] == plain.headers["ETag"]
        vary = "Accept-Encoding, Accept-Language" if is_spoken(path) else "Accept-Encoding"
        assert plain.headers["Vary"] == told.headers["Vary"] == vary
        known = {"Accept-Encoding": encoding, "If-None-Match": told.headers["ETag"]}
        again = client.get(path, headers=known)
        assert (again.status_code, again.data) == (304, b"")
        assert "Content-Encoding" not in again.headers
        head = client.head(path, headers={"Accept-Encoding": encoding})
        assert head.headers["Content-Length"] == told.headers["Content-Length"]


def test_it_is_made_once_and_not_while_somebody_waits(site: Site, monkeypatch: pytest.MonkeyPatch):
    client, made = site.client(), []
    encode = encodings.encode
    monkeypatch.setattr(encodings, "encode", lambda *of: made.append(of) or encode(*of))
    client.get("/")
    ready = len(made)
    assert ready == len(set(made))
    for accept in ("br", "br, gzip", "gzip", "gzip;q=1", "br"):
        client.get("/", headers={"Accept-Encoding": accept})
    assert len(made) == ready
    # What is made when asked for is compressed by the thread that makes it.
    for accept in ("gzip", "br"):
        assert client.get("/calendar.ics", headers={"Accept-Encoding": accept}).status_code == 200
    assert len(made) in (ready, ready + 2)


@pytest.fixture
def compressed_well(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As processes do it; apps of other tests compress quickly (`tests/shortcuts.py`)."""
    kept = (statics.load, statics._encode)
    with monkeypatch.context() as patch:
        patch.setattr(encodings, "brotli", brotli)
        for one in kept:
            one.cache_clear()
        yield
    for one in kept:
        one.cache_clear()


def test_a_first_visit_is_thirty_kilobytes_in_five_requests(compressed_well: None, build: Build):
    """As a browser takes it; the page is the demo's."""
    site = build()
    demo.fill(site.portal)
    client, taken = site.client(), {"Accept-Encoding": "gzip, deflate, br, zstd"}
    page = client.get("/", headers=taken)
    text = client.get("/").text
    names = re.findall(
        r'<(?:link rel="stylesheet"|script)[^>]* (?:href|src)="(/static/[^"]+)"', text
    )
    sizes = [len(page.data), *(len(client.get(name, headers=taken).data) for name in names)]
    assert len(sizes) <= 5
    assert sum(sizes) <= 30_000
    assert (ROOT / "static/vendor/htmx.min.js").is_file()
