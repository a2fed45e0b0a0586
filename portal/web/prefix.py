"""A portal below a path of its host, such as `https://example.com/status`.

Templates and views write addresses from the root; here they get the path in front, once, on the way
out. A request may come with the path or without it: proxies do both.
"""

import re

from flask import Flask, Response

_LINKS = re.compile(
    r'(\s(?:href|src|action|formaction|hx-(?:get|post|put|patch|delete|push-url))=")/(?!/)'
)
_HEADERS = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url")


def html(text: str, prefix: str) -> str:
    """A page or fragment whose own links lead below `prefix`."""
    return _LINKS.sub(rf"\g<1>{prefix}/", text) if prefix else text


def put_on(app: Flask, prefix: str) -> None:
    """Put it in front of the links and redirects of every answer of `app`."""
    if not prefix:
        return

    @app.after_request
    def lead_below(response: Response) -> Response:
        for name in _HEADERS:
            target = response.headers.get(name, "")
            if target.startswith("/") and not target.startswith("//"):
                response.headers[name] = f"{prefix}{target}"
        if response.mimetype == "text/html" and not response.direct_passthrough:
            response.set_data(html(response.get_data(as_text=True), prefix))
        return response
