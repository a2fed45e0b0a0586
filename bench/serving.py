"""nginx and the portal on loopback, and the load on them."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median

from bench import processor
from tests.patience import until
from tests.ports import free_port
from tests.processes import ROOT, Served

PATHS = ("/api/runtime/maintenance", "/api/status", "/banner", "/")
SECONDS = 2
ROUNDS = 5
CONNECTIONS = 16
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """Requests a second, the 99th percentile in milliseconds, and what a request cost.

    `cost` is processor time of the processes that were asked, in microseconds.
    """

    rate: float
    p99: float
    cost: float


def press(url: str, *headers: str, threads: int = 1, pids: Sequence[int] = ()) -> Load:
    """One bounded round of wrk."""
    command = ["wrk", f"-t{threads}", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    before = processor.seconds(pids)
    text = subprocess.run(
        [*command, url], capture_output=True, text=True, check=True, timeout=SECONDS + 20
    ).stdout
    used = processor.seconds(pids) - before
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    tail = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if rate is None or tail is None or "Non-2xx" in text:
        raise RuntimeError(f"the load on {url} failed:\n{text}")
    cost = used / (float(rate.group(1)) * SECONDS) * 1e6
    return Load(float(rate.group(1)), float(tail.group(1)) * _UNITS[tail.group(2)], cost)


def middle(loads: list[Load]) -> Load:
    """The median of each figure."""
    return Load(*(median(of) for of in zip(*map(astuple, loads), strict=True)))


@dataclass(frozen=True)
class Given:
    """An answer of the portal, as the others have to give it."""

    headers: list[tuple[str, str]]
    body: bytes

    @property
    def kind(self) -> str:
        return dict(self.headers)["content-type"]

    @property
    def etag(self) -> str:
        return dict(self.headers)["etag"]


# What the server adds by itself, whoever answers.
_OF_THE_SERVER = {"date", "server", "connection"}


def given(url: str) -> Given:
    """What the portal answers; asked twice, as its first answer to a client may say more."""
    for _ in range(2):
        with urllib.request.urlopen(url, timeout=5) as answer:
            pairs = [(name.lower(), value) for name, value in answer.headers.items()]
            body = answer.read()
    return Given([one for one in pairs if one[0] not in _OF_THE_SERVER], body)


@contextmanager
def portal(folder: Path, *options: str) -> Iterator[Served]:
    """The portal on the demo, without its worker."""
    served = Served(
        folder / "data",
        "--no-worker",
        *options,
        PORTAL_RATE_LIMIT="1000000000/minute",
        PORTAL_ENV="development",
    )
    served.run("db", "upgrade")
    served.run("demo")
    with served:
        yield served


@contextmanager
def nothing(folder: Path, answers: dict[str, Given]) -> Iterator["Running"]:
    """A program that does nothing, behind the same server, with the same bytes and headers."""
    file, port = folder / "answers.json", free_port()
    file.write_text(
        json.dumps(
            {
                path: {"headers": one.headers, "body": one.body.decode()}
                for path, one in answers.items()
            }
        )
    )
    command = [sys.executable, "-m", "bench.nothing", f"127.0.0.1:{port}", str(file)]
    with _running(command, f"http://127.0.0.1:{port}", next(iter(answers))) as running:
        yield running


@contextmanager
def cached(folder: Path, served: Served) -> Iterator[str]:
    """The nginx that is shipped, with its cache, in front of the portal; without TLS."""
    port = free_port()
    shipped = (ROOT / "deploy/nginx/portal.conf").read_text()
    text = re.sub(r"    ssl_certificate.*\n", "", shipped)
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port}"),
        ("listen 80", f"listen 127.0.0.1:{free_port()}"),
        ("127.0.0.1:8000", f"127.0.0.1:{served.port}"),
        ("/var/cache/nginx/portal", str(folder / "cache")),
    ):
        text = text.replace(old, new)
    config = folder / "cached.conf"
    config.write_text(_around(folder, text))
    command = ["nginx", "-c", str(config), "-p", str(folder)]
    with _running(command, f"http://127.0.0.1:{port}", PATHS[0]) as running:
        yield running.address


@contextmanager
def nginx(folder: Path, answers: dict[str, Given]) -> Iterator[str]:
    """nginx with one worker process, serving the same bytes as files."""
    root, port = folder / "www", free_port()
    root.mkdir()
    locations = []
    for number, (path, one) in enumerate(answers.items()):
        (root / f"{number}.body").write_bytes(one.body)
        # Its own are those of a file: type, length, tag and time.
        added = " ".join(
            f"add_header {name} {json.dumps(value)};"
            for name, value in one.headers
            if name not in {"content-type", "content-length", "etag"}
        )
        locations.append(
            f"location = {path} {{ default_type '{one.kind}'; {added}"
            f" try_files /{number}.body =404; }}"
        )
    places = "\n".join(locations)
    config = folder / "nginx.conf"
    config.write_text(
        _around(folder, f"server {{ listen 127.0.0.1:{port}; root {root};\n{places}\n}}")
    )
    command = ["nginx", "-c", str(config), "-p", str(folder)]
    with _running(command, f"http://127.0.0.1:{port}", next(iter(answers))) as running:
        yield running.address


def _around(folder: Path, servers: str) -> str:
    """nginx's own settings around its servers: one process, and nothing written elsewhere."""
    # As root nginx would hand the work to an account that cannot read this folder.
    user = "user root; " if os.getuid() == 0 else ""
    kept = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"worker_processes 1; {user}daemon off; pid {folder}/nginx.pid;"
        f" error_log {folder}/error.log;\nevents {{ worker_connections 256; }}\n"
        f"http {{ access_log off; sendfile on; keepalive_requests 1000000; types {{}} {kept}\n"
        f"{servers}\n}}\n"
    )


@dataclass(frozen=True)
class Running:
    """A program that answers, and its processes."""

    address: str
    pids: list[int]


@contextmanager
def _running(command: list[str], address: str, path: str) -> Iterator[Running]:
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        until(lambda: answers(address + path), what=f"the start of {command[0]}")
        yield Running(address, processor.tree(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def missing() -> list[str]:
    return [name for name in ("nginx", "wrk") if shutil.which(name) is None]


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            answer.read()
            return bool(answer.status == 200)
    except OSError:
        return False
