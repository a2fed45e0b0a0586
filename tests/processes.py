"""Real processes of the portal, and of Prometheus, on loopback."""

import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import databases
from tests.commands import Command, Commands, bare_environ

ROOT = Path(__file__).parents[1]
# Below the ports that the system gives to whoever asks for any, so that nobody else takes them.
PORTS = range(10_000, 30_000)
_commands = Commands()
_held_ports: list[int] = []


def free_port() -> int:
    """A port of this process alone until it ends, on a machine that runs other tests too."""
    folder = Path(tempfile.gettempdir()) / "portal-tests-ports"
    folder.mkdir(exist_ok=True)
    while True:
        port = random.choice(PORTS)
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _held_ports.append(lock)
        return port


def until(condition: Callable[[], Any], *, seconds: float = 60, what: str = "it") -> Any:
    """Poll a real process until the condition holds; fails loudly after `seconds`.

    The end is generous: a machine that is busy with something else fails no test.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def needed(name: str) -> bool:
    """Whether a program must be there: CI names those it has installed."""
    return name in os.environ.get("PORTAL_TESTS_NEED", "").split(",")


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]


class Served:
    """`portal serve` with a data directory of its own."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        by_shell: bool = False,
        cwd: Path = ROOT,
        python: str = sys.executable,
        **settings: str,
    ) -> None:
        self._cwd = cwd
        self._python = python
        self._by_shell = by_shell  # started by `python -m portal`, not forked from a loaded one
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **bare_environ(),
            "PORTAL_DATA_DIR": str(folder),
            "PORTAL_BIND": f"127.0.0.1:{self.port}",
            # No balancer and no scraper waits here.
            "PORTAL_DRAIN_DELAY": "0",
            "PORTAL_DRAIN_LINGER": "0",
            **settings,
        }
        self.log = folder.with_suffix(".log")
        self.options = options
        self.process: Command | subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Served":
        self.start()
        return self

    def start(self) -> None:
        """Start it, again if need be, and wait until it answers."""
        if self.process is not None:
            self.process.wait(60)  # the one before, on the same data directory
        arguments = ("serve", *self.options)
        if databases.is_run() and not (self._by_shell or self.folder.exists()):
            databases.put_sqlite(self.folder)
        if self._by_shell:
            with self.log.open("wb") as log:
                self.process = subprocess.Popen(
                    [self._python, "-m", "portal", *arguments],
                    env=self.environ,
                    cwd=self._cwd,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        else:
            self.process = _commands.start(arguments, self.environ, self.log)
        try:
            until(lambda: self.get("/health/live").status == 200, what="the start")
        except AssertionError:
            self.stop()
            raise AssertionError(self.output) from None

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def run(self, *arguments: str, text: str = "", code: int = 0) -> str:
        """A `portal` command beside the server; its standard output."""
        done = _commands.run(arguments, self.environ, text)
        assert done.code == code, done.errors
        return done.output

    def begin(self, *arguments: str) -> Command:
        """A command that goes on beside the test."""
        return _commands.start(arguments, self.environ, self.folder.with_suffix(".command"))

    def execute(self, *arguments: str) -> str:
        """The same, as a user's shell starts it."""
        command = [self._python, "-m", "portal", *arguments]
        return subprocess.run(
            command, env=self.environ, cwd=self._cwd, check=True, capture_output=True, text=True
        ).stdout

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(urllib.request.Request(self.address + path, headers=headers))

    def post(self, path: str, body: object, **headers: str) -> Answer:
        """JSON to an API path."""
        return self._send("POST", path, body, headers)

    def put(self, path: str, body: object, **headers: str) -> Answer:
        return self._send("PUT", path, body, headers)

    def submit(self, path: str, form: str, headers: dict[str, str]) -> Answer:
        """A form as a browser sends it; redirects are followed."""
        return self._ask(urllib.request.Request(self.address + path, form.encode(), headers))

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        headers = {"Content-Type": "application/json", **headers}
        data = json.dumps(body).encode()
        return self._ask(urllib.request.Request(self.address + path, data, headers, method=method))

    def _ask(self, request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.read().decode(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(), dict(error.headers))
        except (urllib.error.URLError, ConnectionError):
            return Answer(0, "", {})

    def scrape(self) -> Answer:
        token = (self.folder / "metrics-token").read_text().strip()
        return self.get("/health/metrics", Authorization=f"Bearer {token}")

    @property
    def output(self) -> str:
        return self.log.read_text() if self.log.resolve().is_file() else ""


class Prometheus:
    """A real Prometheus that scrapes a portal every second; can be stopped and started."""

    def __init__(self, served: Served, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "prometheus.yml"
        self._config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            "  - job_name: portal\n"
            "    metrics_path: /health/metrics\n"
            f"    authorization: {{credentials_file: {served.folder / 'metrics-token'}}}\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{served.port}']}}]\n"
        )

    def start(self) -> None:
        with (self._folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._config}",
                    f"--storage.tsdb.path={self._folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{free_port()}",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "GOMAXPROCS": "1"},
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def __enter__(self) -> "Prometheus":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def has(program: str) -> bool:
    return shutil.which(program) is not None


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def memory_by_kind(pid: int) -> dict[str, int]:
    """Kilobytes of a process as Linux tells them, such as `Pss` and `Private_Dirty`."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def children(pid: int) -> dict[int, str]:
    """Processes right below one, with their command lines."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    lines = [line.split(None, 1) for line in listing.splitlines()]
    return {int(one): command for one, command in lines}


def named(pid: int, name: str) -> list[int]:
    """Processes right below one that are called so, as `top` shows them."""
    return [one for one in children(pid) if _name_of(one) == name]


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def web_processes(served: Served) -> list[int]:
    """The processes that answer requests: below the web server, below `portal serve`."""
    assert served.process is not None
    fronts = named(served.process.pid, "portal front")
    return [pid for front in fronts for pid in named(front, "portal web")]
