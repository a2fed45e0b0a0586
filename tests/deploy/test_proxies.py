"""The proxies of deploy/ before real nodes: what they tell, what they close, when they go on."""

import html
import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import databases
from tests.deploy.test_deploy import DEPLOY, run
from tests.people import PASSWORD
from tests.processes import Answer, Served, free_port, has, needed, until

pytestmark = pytest.mark.process
ANNOUNCEMENTS = "/api/admin/runtime/maintenance"
TRUSTED = {"PORTAL_TRUSTED_PROXIES": "127.0.0.1/32", "PORTAL_RATE_LIMIT": "100000/minute"}
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Proxy:
    """A proxy that runs an example, and how to ask it."""

    def __init__(self, port: int, *, is_tls: bool) -> None:
        self.port, self._is_tls = port, is_tls
        self.origin = f"http{'s' if is_tls else ''}://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        data = None if body is None else json.dumps(body)
        return self.ask_form(method, path, data, **{"Content-Type": "application/json", **headers})

    def ask_form(self, method: str, path: str, data: str | None, **headers: str) -> Answer:
        connection: http.client.HTTPConnection
        if self._is_tls:
            context = ssl._create_unverified_context()  # noqa: S323 (made for this test)
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=60, context=context
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, answer.read().decode(errors="replace"), headers)
        finally:
            connection.close()


def changed(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def started(proxy: Proxy, *command: str, folder: Path) -> Iterator[Proxy]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        until(lambda: answers(proxy), what=f"the start of {command[0]}")
        yield proxy
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answers(proxy: Proxy) -> bool:
    try:
        return proxy.ask("GET", "/health/live").status == 200
    except OSError:
        return False


def there(program: str) -> None:
    if not has(program):
        assert not needed(program), f"{program} must be there"
        pytest.skip(f"no {program}")


@contextmanager
def nginx(folder: Path, *nodes: Served, more: str = "") -> Iterator[Proxy]:
    """The example with its places changed, and nothing else; `more` stands before it."""
    there("nginx")
    there("openssl")
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", "/CN=status.example.com"),
        *("-keyout", str(folder / "key"), "-out", str(folder / "pem")),
    )
    tls, plain = free_port(), free_port()
    (node,) = (
        line for line in (DEPLOY / "nginx/portal.conf").read_text().splitlines() if ":8000" in line
    )
    text = changed(
        (DEPLOY / "nginx/portal.conf").read_text(),
        ("/etc/ssl/certs/status.example.com.pem", str(folder / "pem")),
        ("/etc/ssl/private/status.example.com.key", str(folder / "key")),
        ("/var/cache/nginx/portal", str(folder / "cache")),
        ("listen 443 ssl", f"listen 127.0.0.1:{tls} ssl"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        (node, "\n".join(node.replace("8000", str(one.port)) for one in nodes)),
    )
    folders = "".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/pid; error_log stderr; events {{}}"
        f" http {{ access_log off; {folders} {more}\n{text}\n}}"
    )
    command = ("nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder))
    run(*command, "-t")
    with started(Proxy(tls, is_tls=True), *command, folder=folder) as proxy:
        yield proxy


@contextmanager
def caddy(folder: Path, node: Served) -> Iterator[Proxy]:
    there("caddy")
    port = free_port()
    text = changed(
        (DEPLOY / "caddy/Caddyfile").read_text(),
        ("status.example.com {", f"http://127.0.0.1:{port} {{"),
        ("127.0.0.1:8000", f"127.0.0.1:{node.port}"),
    )
    file = folder / "Caddyfile"
    options = f"{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {folder}\n}}\n"
    file.write_text(options + text)
    command = ("caddy", "run", "--config", str(file), "--adapter", "caddyfile")
    with started(Proxy(port, is_tls=False), *command, folder=folder) as proxy:
        yield proxy


@pytest.mark.parametrize("front", [nginx, caddy])
def test_a_proxy_tells_who_asks_and_where_and_closes_the_feed(front, tmp_path: Path):
    folder = tmp_path / "proxy"
    folder.mkdir()
    with Served(tmp_path / "data", "--no-worker", **TRUSTED) as node, front(folder, node) as proxy:
        assert node.scrape().status == 200
        token = (node.folder / "metrics-token").read_text().strip()
        for path in (
            "/health/metrics",
            "/health/metrics/",
            "//health/metrics",
            "/health/%6detrics",
            "/health/./metrics",
            "/health/x/../metrics",
            "/health/metrics?x=1",
        ):
            refused = proxy.ask("GET", path, Authorization=f"Bearer {token}")
            assert refused.status in (403, 404), path
            assert "gigvora_" not in refused.text, path
        # The portal's own origin is the one in Host, with the port.
        own = proxy.ask("GET", "/panel/login", Origin=proxy.origin)
        assert own.status == 200
        other = proxy.ask("GET", "/panel/login", Origin=proxy.origin.rpartition(":")[0])
        assert other.status == 403
        # What a client claims of itself is not passed on.
        node.run(*("block", "add", "203.0.113.9", "--duration", "1h", "--reason", "a test"))
        claim = {"X-Forwarded-For": "203.0.113.9"}
        until(lambda: node.get("/api/status", **claim).status == 403, what="the block")
        assert proxy.ask("GET", "/api/status", **claim).status == 200
        page = proxy.ask("GET", "/")
        assert page.status == 200
        assert "<title>" in page.text


def drain(node: Served) -> None:
    node.run("lifecycle", "drain")
    until(lambda: node.get("/health/ready").status == 503, what="the drain")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two nodes on one database."""
    database = databases.put_sqlite(tmp_path / "shared")
    address = f"sqlite:///{database}"
    shared = {**TRUSTED, "PORTAL_DATABASE_URL": address, "PORTAL_SECRET_KEY": "s" * 40}
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with (
        Served(tmp_path / "one", "--no-worker", **shared) as one,
        Served(tmp_path / "other", "--no-worker", **shared) as other,
    ):
        yield one, other


def test_no_request_fails_while_one_of_two_nodes_drains_and_stops(two, tmp_path: Path):
    one, other = two
    folder = tmp_path / "proxy"
    folder.mkdir()
    scopes = ("--scope", "maintenance:write", "--scope", "maintenance:read")
    token = one.run("token", "create", "ci", *scopes).strip()
    bearer = {"Authorization": f"Bearer {token}"}

    def draft(text: str) -> dict[str, str]:
        return {"title": text, "message": text, "status": "draft"}

    with nginx(folder, one, other) as proxy:

        def press(name: str) -> None:
            for number in range(20):
                made = proxy.ask("POST", ANNOUNCEMENTS, draft(f"{name} {number}"), **bearer)
                assert made.status == 201, (name, number, made.text)
                written = proxy.ask(
                    "PUT",
                    f"{ANNOUNCEMENTS}/{json.loads(made.text)['id']}",
                    draft(f"{name} {number}, changed"),
                    **{**bearer, "If-Match": made.headers["etag"]},
                )
                assert written.status == 200, (name, number, written.text)
                for path in ("/api/status", "/panel/login", "/history"):
                    assert proxy.ask("GET", path).status == 200, (name, number, path)

        press("both")
        drain(one)
        press("draining")
        drain(other)
        # Nobody takes it, and who asks learns from a node itself why.
        refused = proxy.ask("POST", ANNOUNCEMENTS, draft("refused"), **bearer)
        assert (refused.status, refused.headers["retry-after"]) == (503, "30")
        assert "about to stop" in refused.text
        other.run("lifecycle", "drain", "--off")
        until(lambda: other.get("/health/ready").status == 200, what="the end of the drain")
        one.stop()
        press("stopped")
    listed = json.loads(other.get(f"{ANNOUNCEMENTS}?limit=50", **bearer).text)
    assert listed["total"] == 60


def test_a_write_that_got_no_answer_is_not_sent_again(two, tmp_path: Path):
    """One that may have been done already; the connection was taken, and broke."""
    _, other = two
    folder = tmp_path / "proxy"
    folder.mkdir()
    taken = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    taken.append(connection.recv(65_536).split(b" ")[0])

        threading.Thread(target=take, daemon=True).start()
        broken = Served(tmp_path / "broken")
        broken.port = server.getsockname()[1]
        with nginx(folder, broken, other) as proxy:
            statuses = [proxy.ask("POST", "/panel/login", {}).status for _ in range(6)]
            assert taken.count(b"POST") == statuses.count(502) > 0
            assert proxy.ask("GET", "/panel/login").status == 200
        server.shutdown(socket.SHUT_RDWR)


def test_a_portal_below_a_path_is_whole(tmp_path: Path):
    """Every address that its pages name is there, and an operator signs in."""
    there("nginx")
    folder = tmp_path / "proxy"
    folder.mkdir()
    port = free_port()
    environ = {**TRUSTED, "PORTAL_EXTERNAL_URL": f"http://127.0.0.1:{port}/status"}
    with Served(tmp_path / "data", "--no-worker", **environ) as node:
        node.run("demo")
        node.run("operator", "create", "ada", "--role", "admin", "--password-stdin", text=PASSWORD)
        place = (DEPLOY / "nginx/below-a-path.conf").read_text()
        place = changed(place, ("127.0.0.1:8000", f"127.0.0.1:{node.port}"))
        folders = "".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
        (folder / "nginx.conf").write_text(
            f"user root; daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{"
            f" access_log off; {folders} server {{ listen 127.0.0.1:{port};"
            f" location = /health/live {{ return 200; }} {place} }} }}"
        )
        command = ("nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder))
        with started(Proxy(port, is_tls=False), *command, folder=folder) as proxy:
            seen = walked(proxy, "/status/")
            assert "/status/history" in seen
            assert any(path.startswith("/status/static/css/site.") for path in seen)
            assert [path for path in seen if not path.startswith("/status/")] == []
            form = urlencode({"name": "ada", "password": PASSWORD})
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            entered = proxy.ask_form("POST", "/status/panel/login", form, **kind)
            assert entered.headers["location"] == "/status/panel"
            cookie = entered.headers["set-cookie"].partition(";")[0]
            seen = walked(proxy, "/status/panel", Cookie=cookie)
            assert "/status/panel/incidents" in seen
            assert [path for path in seen if not path.startswith("/status/")] == []
            assert proxy.ask("GET", "/status/health/metrics").status == 404


def walked(proxy: Proxy, first: str, **headers: str) -> set[str]:
    """All that is reached from a page by its links; each of them is there."""
    seen, ahead = {first}, [first]
    while ahead and len(seen) < 150:
        path = ahead.pop()
        answer = proxy.ask("GET", path, Accept="text/html", **headers)
        if answer.status == 302:
            assert answer.headers["location"].startswith("/status/panel/login"), path
            continue
        assert answer.status == 200, path
        for link in re.findall(r'\s(?:href|src)="(/[^"#]*)', answer.text):
            target = html.unescape(link)
            # What is told of a month before the first is all alike.
            if target not in seen and "month=" not in target:
                seen.add(target)
                ahead.append(target)
    return seen
