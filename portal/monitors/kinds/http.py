"""HTTP: a request, and what must be true of its answer."""

from typing import Annotated, Any, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from portal.monitors.kinds import answers
from portal.monitors.kinds.answers import Answer, Assertion, StatusRanges
from portal.monitors.kinds.base import MOST_BYTES, Short, Task, UrlConfig
from portal.monitors.looks import CannotLookError, FailedError

MOST_REDIRECTS = 10
_REDIRECTS = {301, 302, 303, 307, 308}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_AGENT = "Portal-Monitor/1"
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}$")]
HeaderValue = Annotated[
    str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")
]
Headers = dict[HeaderName, HeaderValue]


def checked_address(text: str) -> str:
    """An address of HTTP that could be called; ValueError says what is wrong."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("This is not an address.") from None
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("Write the address in ASCII, without spaces.")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError("An address begins with https:// or http:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave names and passwords out of the address; they have fields.")
    return text


Url = Annotated[str, StringConstraints(max_length=2000), AfterValidator(checked_address)]


class HttpConfig(UrlConfig):
    url: Url
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: Headers = Field(default={}, max_length=20)
    body: Annotated[str, StringConstraints(max_length=20_000)] = ""
    expected_status: StatusRanges = "200-299"
    text_present: Short = ""
    text_absent: Short = ""
    expected_headers: Headers = Field(default={}, max_length=10)
    assertions: list[Assertion] = Field(default=[], max_length=20)
    follow_redirects: bool = True
    verify_tls: bool = True
    http2: bool = False
    username: Short = ""


async def look(config: HttpConfig, task: Task) -> str:
    """Ask, follow redirects as far as allowed, and hold the answer against what is expected."""
    url, method, body = config.url, config.method, config.body.encode()
    for _ in range(MOST_REDIRECTS + 1):
        is_same = _origin(url) == _origin(config.url)
        answer = await _asked(config, task, method, url, body, is_same)
        location = answer.headers.get("location")
        if not (config.follow_redirects and answer.status in _REDIRECTS and location):
            break
        try:
            url = checked_address(urljoin(url, location))
        except ValueError:
            raise FailedError("The redirect leads to no address") from None
        if answer.status == 303 or (answer.status in {301, 302} and method == "POST"):
            method, body = "GET", b""
        if (body or method not in _SAFE) and _origin(url) != _origin(config.url):
            # What was typed for one origin goes to no other, and what acts is not repeated there.
            what = "the body" if body else f"the {method}"
            raise FailedError(f"{answer.status} to another origin, which does not get {what}")
    else:
        raise FailedError(f"More than {MOST_REDIRECTS} redirects")
    answers.check(answer, config)
    return f"{answer.status} {answer.reason}".strip()


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454), however they are written."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, (parts.hostname or "").rstrip("."), port


async def _asked(
    config: HttpConfig, task: Task, method: str, url: str, body: bytes, is_same: bool
) -> Answer:
    from portal.monitors.kinds import exchange

    headers = {"User-Agent": _AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    if is_same:
        # What was typed is for the host that it was typed for, not for where that sends us.
        headers |= dict(config.headers)
        headers |= secrets_of(config.username, task.credentials)
    if config.http2 and not exchange.HAS_HTTP2:
        raise CannotLookError("HTTP/2 needs the package h2: install portal[http2]")
    answer = await exchange.ask(
        task,
        method,
        url,
        headers,
        body,
        verify=config.verify_tls,
        http2=config.http2,
        most_bytes=MOST_BYTES,
    )
    trace = task.trace
    trace.status, trace.size, trace.lines = str(answer.status), len(answer.body), []
    trace.say(f"{answer.version} {answer.status} {answer.reason}".strip())
    for name in ("content-type", "location", "retry-after", "server"):
        if name in answer.headers:
            trace.say(f"{name}: {answer.headers[name]}")
    trace.say("\n" + answer.text[:2000])
    return answer


def secrets_of(username: str, credentials: Any) -> dict[str, str]:
    """The headers that carry what is never shown."""
    from base64 import b64encode

    found = dict(credentials.get("secretHeaders", {}))
    if credentials.get("bearerToken"):
        found["Authorization"] = f"Bearer {credentials['bearerToken']}"
    elif username:
        pair = f"{username}:{credentials.get('password', '')}".encode()
        found["Authorization"] = f"Basic {b64encode(pair).decode()}"
    return found
