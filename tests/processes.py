"""Real processes of the portal, on loopback."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests import databases
from tests.commands import Command, Commands, bare_environ
from tests.patience import until
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
_commands = Commands()


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
        umask: int | None = None,
        **settings: str,
    ) -> None:
        self._cwd = cwd
        self._python = python
        self._by_shell = by_shell  # started by `python -m portal`, not forked from a loaded one
        self._umask = umask  # that of commands beside it; its own it has from who starts it
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
        done = _commands.run(arguments, self.environ, text, self._umask)
        assert done.code == code, done.errors
        return done.output

    def fill(self) -> None:
        """Put in the demo's data, and wait until what it writes last is public."""
        self.run("demo")
        last = ("1 day with problems", "Demo: slow e-mail delivery")
        until(lambda: all(one in self.get("/").text for one in last), what="the demo's page")

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
