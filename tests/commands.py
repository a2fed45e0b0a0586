"""`portal` commands, each a process of its own forked from one that has loaded the portal already.

Loading takes a second and is the same for every command; `tests/journeys/test_serve.py` runs
`python -m portal` as a user does. As a program, this takes an order a line and answers in a line.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[1]


def bare_environ() -> dict[str, str]:
    """The environment of the tests without what is meant for them, or for another portal."""
    return {name: value for name, value in os.environ.items() if "PORTAL" not in name}


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    output: str
    errors: str


class Command:
    """A command that runs; told and waited for as a `subprocess.Popen` is."""

    def __init__(self, commands: "Commands", pid: int, file: Path) -> None:
        self._commands, self.pid, self._file = commands, pid, file
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            code = self._commands.ask({"wait": self.pid})
            self.returncode = None if code is None else int(code)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def output(self) -> str:
        """What it wrote, once it has ended."""
        self.wait(90)
        return self._file.read_text()


class Commands:
    """Starts commands; its own process starts with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        arguments: tuple[str, ...],
        environ: Mapping[str, str],
        text: str = "",
        umask: int | None = None,
    ) -> Done:
        """Run `portal` to its end with these arguments, environment, input and umask."""
        with tempfile.TemporaryDirectory() as folder:
            source, output, errors = (Path(folder) / name for name in ("input", "output", "errors"))
            source.write_text(text)
            code = self.start(arguments, environ, output, errors, source, umask).wait()
            return Done(code, output.read_text(), errors.read_text())

    def start(
        self,
        arguments: tuple[str, ...],
        environ: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
        source: Path = Path(os.devnull),
        umask: int | None = None,
    ) -> Command:
        """Begin one that writes to these files; errors go to the output's unless told otherwise."""
        pid = self.ask(
            {
                "arguments": arguments,
                "environ": dict(environ),
                "source": str(source),
                "output": str(output),
                "errors": str(errors or output),
                "umask": umask,
            }
        )
        return Command(self, int(pid), output)

    def ask(self, order: dict[str, Any]) -> Any:
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.commands"],
                cwd=ROOT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=bare_environ(),
            )
            atexit.register(self._process.communicate)
        return self._process


def _become(order: dict[str, Any]) -> NoReturn:
    """In the child: the command, from its environment to its exit code."""
    from portal.cli.command import main

    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    for number, name, how in (
        (0, "source", os.O_RDONLY),
        (1, "output", flags),
        (2, "errors", flags),
    ):
        file = os.open(order[name], how, 0o600)
        os.dup2(file, number)
        os.close(file)
    if order["umask"] is not None:
        os.umask(order["umask"])
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["portal", *order["arguments"]]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _warm_up() -> None:
    """Do once what every command begins with: load all rooms, compress files, compile templates.

    Nothing is left open, and nothing is said where the answers go.
    """
    import flask

    import portal.cli.command  # loaded once, for all
    from portal import create_app, rooms
    from portal.settings import Settings
    from portal.store import schema
    from tests.templates import CompiledTemplates

    flask.Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    answers = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(env="test", data_dir=Path(folder))
        schema.upgrade(settings.resolved_database_url)
        portal = rooms.of(create_app(settings))
        portal.board.refresh()
        portal.core.engine.dispose()
        portal.core.probe_engine.dispose()
    os.dup2(answers, 1)
    os.close(answers)
    gc.collect()
    gc.freeze()


def serve() -> None:
    """Take orders from standard input until it ends: a command to begin, or one to look after."""
    _warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            pid, status = os.waitpid(order["wait"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                _become(order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
