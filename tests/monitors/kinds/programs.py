"""Real servers that monitors look at, as programs of the system."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import has, needed
from tests.ports import free_port


@contextmanager
def running(
    arguments: Sequence[str], folder: Path, *, name: str = ""
) -> Iterator["subprocess.Popen[bytes]"]:
    """A program until the end of the block; `name` is what CI calls it. Skipped where it is not."""
    program = arguments[0]
    if not has(program):
        assert not needed(name or program)
        pytest.skip(f"no {program}")
    with (folder / f"{Path(program).name}.log").open("ab") as log:
        process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)


@contextmanager
def stopped(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """It holds still: the system still takes connections for it, and nobody answers."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def nginx(folder: Path, servers: str) -> Iterator["subprocess.Popen[bytes]"]:
    """nginx in one process, with these `server` blocks and what else belongs into `http`."""
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{name}_temp_path {folder}/{name};" for name in temporary)
    path = folder / "nginx.conf"
    path.write_text(
        f"user root; daemon off; master_process off; pid {folder}/pid; error_log stderr;"
        f" events {{}} http {{ access_log off; {folders} {servers} }}"
    )
    with running(["nginx", "-c", str(path), "-p", str(folder)], folder) as process:
        yield process


@contextmanager
def prometheus(folder: Path, *, web: str = "") -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Prometheus that scrapes itself each second; `web` is its web configuration."""
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        "scrape_configs:\n"
        f"  - {{job_name: itself, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
    )
    (folder / "web.yml").write_text(web)
    arguments = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--web.config.file={folder}/web.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(arguments, folder) as process:
        yield process, port
