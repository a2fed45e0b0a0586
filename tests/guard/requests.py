"""Requests as the WAF is shown them."""

from portal.guard.waf import Inspected


def asked(
    method: str = "GET",
    path: str = "/",
    query: str = "",
    *,
    body: bytes = b"",
    is_anonymous: bool = True,
    **headers: str,
) -> Inspected:
    pairs = (("host", "status.example.com"), *headers.items())
    return Inspected(method, path, query, pairs, body, "192.0.2.1", is_anonymous)
