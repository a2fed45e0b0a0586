"""Which encoding a client gets, and what is in it; on values alone."""

import gzip

import brotli
import pytest

from portal.board import encodings
from portal.board.answer import Answer

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, br", "br"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("*;q=0, gzip", "gzip"),
        ("br;q=0.001, gzip", "br"),
        ("br;q=0.0, gzip;q=0.5", "gzip"),
        ("br;q=x, gzip", "gzip"),
        ("br;q=, gzip", "gzip"),
        ("br; level=3, gzip", "br"),
        ("brotli, x-gzip", ""),
    ],
)
def test_the_best_encoding_that_a_client_takes_is_sent(accept: str, encoding: str):
    assert encodings.best(accept) == encoding


def test_a_body_is_what_its_encoding_says():
    body = b"page " * 200
    decoded = {"br": brotli.decompress, "gzip": gzip.decompress}
    assert decoded.keys() == set(encodings.ORDER)
    for encoding, decode in decoded.items():
        assert decode(encodings.encode(encoding, body)) == body


@pytest.mark.parametrize(("size", "is_packed"), [(399, False), (400, True)])
def test_what_is_small_already_is_not_encoded(size: int, is_packed: bool):
    one = Answer.of(b"a" * size, "text/plain", 'W/"a"', ())
    one.compress()
    assert (one.encoded("br, gzip") is not one) is is_packed
