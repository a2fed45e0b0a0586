"""The proxies of deploy/ before nodes on loopback."""

import http.client
import json
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.programs import DEPLOY, run
from tests.patience import has, needed, until
from tests.ports import free_port
from tests.processes import Answer, Served

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
