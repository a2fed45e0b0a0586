"""Answers that Flask makes, compressed with gzip for who takes it.

Those that are ready-made are compressed once, by `portal.board.encodings`. How small a page becomes
says something of what is in it: one that repeats what a query says must hold no secret that stays
the same. The token of forms does not stay: its signature is another one each second.
"""

from flask import Flask, Response, request

from portal.board import encodings

LEAST_BYTES = 1000
# What is compressed already, such as pictures, would only grow.
_KINDS = ("text/", "application/json", "application/problem+json", "image/svg+xml")


def put_on(app: Flask) -> None:
    """Compress what the app answers, where that gains something."""
    app.after_request(compressed)


def compressed(response: Response) -> Response:
    """The answer in gzip, if it is text of some length and its client takes gzip."""
    # First what costs nothing: most answers to machines are short.
    length = None if response.is_streamed else response.calculate_content_length()
    if length is None or length < LEAST_BYTES or not _is_text(response):
        return response
    response.vary.add("Accept-Encoding")
    etag, is_weak = response.get_etag()
    # A strong tag names these very bytes, and is what a client sends back with a change.
    if response.headers.get("Content-Encoding") or (etag and not is_weak):
        return response
    if encodings.takes(request.headers.get("Accept-Encoding", ""), "gzip"):
        response.set_data(encodings.encode("gzip", response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _is_text(response: Response) -> bool:
    return (response.mimetype or "").startswith(_KINDS)
