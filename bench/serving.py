"""nginx and the portal on loopback, and the load on them."""

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.processes import Served, free_port, until

PATHS = ("/api/runtime/maintenance", "/api/status", "/banner", "/")
SECONDS = 3
ROUNDS = 3
CONNECTIONS = 16
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """Requests a second and the 99th percentile in milliseconds."""

    rate: float
    p99: float


def press(url: str, *headers: str) -> Load:
    """One bounded round of wrk from one thread."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    text = subprocess.run(
        [*command, url], capture_output=True, text=True, check=True, timeout=SECONDS + 20
    ).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    tail = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if rate is None or tail is None or "Non-2xx" in text:
        raise RuntimeError(f"the load on {url} failed:\n{text}")
    return Load(float(rate.group(1)), float(tail.group(1)) * _UNITS[tail.group(2)])


def middle(loads: list[Load]) -> Load:
    return Load(median(one.rate for one in loads), median(one.p99 for one in loads))


@contextmanager
def portal(folder: Path) -> Iterator[Served]:
    """The portal with one web process on the demo."""
    served = Served(
        folder / "data",
        "--no-worker",
        PORTAL_RATE_LIMIT="1000000000/minute",
        PORTAL_ENV="development",
    )
    served.run("db", "upgrade")
    served.run("demo")
    with served:
        yield served


@contextmanager
def nginx(folder: Path, bodies: dict[str, tuple[bytes, str]]) -> Iterator[str]:
    """nginx with one worker process, serving the same bytes as files."""
    root, port = folder / "www", free_port()
    root.mkdir()
    locations = []
    for number, (path, (body, kind)) in enumerate(bodies.items()):
        (root / f"{number}.body").write_bytes(body)
        locations.append(
            f"location = {path} {{ default_type '{kind}'; try_files /{number}.body =404; }}"
        )
    config = folder / "nginx.conf"
    # As root nginx would hand the work to an account that cannot read this folder.
    user = "user root; " if os.getuid() == 0 else ""
    config.write_text(
        f"worker_processes 1; {user}daemon off;\n"
        f"pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "events { worker_connections 256; }\n"
        "http { access_log off; sendfile on; keepalive_requests 1000000; types {}\n"
        f"client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"server {{ listen 127.0.0.1:{port}; root {root};\n" + "\n".join(locations) + "\n}}\n"
    )
    process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)])
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(address + next(iter(bodies))), what="the start of nginx")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def missing() -> list[str]:
    return [name for name in ("nginx", "wrk") if shutil.which(name) is None]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
