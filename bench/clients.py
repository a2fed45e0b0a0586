"""Who asks a node over the wire: a program with a token, and browsers with an open panel."""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode, urlsplit

from bench.portals import OPERATOR, PASSWORD

_MARK = re.compile(r'name="have" value="([^"]+)"')


class Client:
    """One connection that is kept open, with the headers that each request has."""

    def __init__(self, address: str, **headers: str) -> None:
        self._connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
        self.headers = headers

    def close(self) -> None:
        self._connection.close()

    def post(self, path: str, body: object) -> tuple[int, float]:
        """The status of the answer to JSON, and its milliseconds."""
        begun = time.perf_counter()
        headers = self.headers | {"Content-Type": "application/json"}
        answer, _ = self.ask("POST", path, json.dumps(body), headers)
        return answer.status, (time.perf_counter() - begun) * 1000

    def ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except ConnectionError:
            # The server closes what is idle, and a browser asks again on another connection.
            if method != "GET":
                raise
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        return answer, answer.read()


@dataclass
class Panel:
    """An open panel that polls as the page's script does: it says which cards it has."""

    address: str
    milliseconds: list[float] = field(default_factory=list)

    def open(self) -> None:
        """Sign in, and take the page with all its cards."""
        self._client = Client(self.address)
        form = urlencode({"name": OPERATOR, "password": PASSWORD})
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.address}
        answer, _ = self._client.ask("POST", "/panel/login", form, kind)
        assert answer.status == 303, answer.status
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        self._client.headers = {"Cookie": cookie}
        answer, page = self._client.ask("GET", "/panel", None, self._client.headers)
        assert answer.status == 200, answer.status
        self._marks: dict[str, str] = {}
        self._note(page.decode())

    def poll(self) -> None:
        query = urlencode([("have", f"{name}.{mark}") for name, mark in self._marks.items()])
        headers = self._client.headers | {"HX-Request": "true"}
        begun = time.perf_counter()
        answer, body = self._client.ask("GET", f"/panel/cards?{query}", None, headers)
        self.milliseconds.append((time.perf_counter() - begun) * 1000)
        assert answer.status in (200, 204), answer.status
        self._note(body.decode())

    def go_on(self, first: float, every: float, stop: threading.Event) -> None:
        """Poll until told to stop, and close; the first time after some seconds."""
        pause = first
        while not stop.wait(pause):
            self.poll()
            pause = every
        self._client.close()

    def _note(self, page: str) -> None:
        for name, _, mark in (one.rpartition(".") for one in _MARK.findall(page)):
            self._marks[name] = mark
