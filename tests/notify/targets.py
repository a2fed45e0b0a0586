"""A target on loopback, which answers as the test tells it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any


class Target(BaseHTTPRequestHandler):
    """Answers as its server is told."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.calls.append((self.path, dict(self.headers), body))
        server.answer(self)

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def listening(answer: Any) -> Iterator[ThreadingHTTPServer]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    server.daemon_threads, server.block_on_close = True, False
    server.calls, server.answer = [], answer
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def plain(status: int, **headers: str) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


LISTED = (ip_network("127.0.0.0/8"),)
