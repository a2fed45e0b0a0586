"""Answers that Flask makes, compressed with gzip for who takes it.

Those that are ready-made are compressed once, by `portal.board.encodings`. The cookie of a session
is `SameSite`, so no other site can have a page made with it, and learn from its compressed size.
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
    if response.is_streamed or not (response.mimetype or "").startswith(_KINDS):
        return response
    response.vary.add("Accept-Encoding")
    etag, is_weak = response.get_etag()
    # A strong tag names these very bytes, and is what a client sends back with a change.
    if response.headers.get("Content-Encoding") or (etag and not is_weak):
        return response
    accepts = request.headers.get("Accept-Encoding", "")
    body = response.get_data()
    if len(body) >= LEAST_BYTES and encodings.takes(accepts, "gzip"):
        response.set_data(encodings.encode("gzip", body))
        response.headers["Content-Encoding"] = "gzip"
    return response
