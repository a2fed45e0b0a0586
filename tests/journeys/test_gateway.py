"""The door of `portal serve`, from a socket: slow, endless, doubled and disguised."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from portal.web import gateway
from tests.processes import Served

MAINTENANCE = "/api/admin/runtime/maintenance"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("gateway") / "data", "--no-worker") as running:
        yield running


def ask(served: Served, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(raw)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def post(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode()


def test_bodies_that_never_come_hold_nobody_up(served: Served):
    with ExitStack() as stack:
        for _ in range(60):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            slow.sendall(post("/panel/login", "Content-Length: 1000"))
        assert served.get("/api/status").status == 200
        assert served.get("/panel/login").status == 200
        assert served.get("/health/ready").status == 200


def test_a_body_without_a_length_is_bounded_all_the_same(served: Served):
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(post("/panel/login", "Transfer-Encoding: chunked"))
        for _ in range(64):
            try:
                connection.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                break
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"1 MiB" in answer


def test_a_chunked_write_is_taken(served: Served):
    token = served.run("token", "create", "chunks", "--scope", "maintenance:write").strip()
    body = json.dumps({"title": "In pieces", "message": "One."}).encode()
    head = post(
        MAINTENANCE,
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
    )
    half = len(body) // 2
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:half], body[half:]))
    assert ask(served, head + pieces + b"0\r\n\r\n").startswith(b"HTTP/1.1 201")


def test_head_and_odd_paths_answer_as_under_any_server(served: Served):
    for path, status in (
        ("/api/status", 200),
        ("/health/live", 200),
        ("/nothing%20h%c3%a9re", 404),
    ):
        head = f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        answer = ask(served, head.encode())
        assert answer.startswith(f"HTTP/1.1 {status}".encode())
        assert answer.endswith(b"\r\n\r\n")
    # What is served stays readable text: nothing of the library, no trace.
    assert b"Traceback" not in ask(
        served, b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )


def test_headers_become_the_environment_without_disguises():
    scope = SimpleNamespace(
        method="GET",
        path="/é",
        query_string="q=é",
        server="[::1]:8000",
        client="[::1]:5",
        http_version="1.1",
        scheme="http",
    )
    pairs = [
        ("x_forwarded_for", "192.0.2.1"),
        ("x-tag", "a"),
        ("x-tag", "b"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("content-type", "text/plain"),
    ]
    made = gateway.environ(scope, scope.path, pairs, b"")
    assert "HTTP_X_FORWARDED_FOR" not in made
    assert made["HTTP_X_TAG"] == "a,b"
    assert made["HTTP_COOKIE"] == "a=1; b=2"
    assert made["CONTENT_TYPE"] == "text/plain"
    assert made["PATH_INFO"].encode("latin-1").decode() == "/é"
    assert (made["REMOTE_ADDR"], made["SERVER_NAME"], made["SERVER_PORT"]) == ("::1", "::1", "8000")
