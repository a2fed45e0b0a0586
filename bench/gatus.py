"""Gatus beside the portal: the same endpoints, as often, kept in SQLite as the portal keeps them.

It is not a part of this repository: `GATUS` names a program that somebody has built.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import idle
from bench.idle import Node
from tests.commands import bare_environ
from tests.ports import free_port


def program() -> str | None:
    """The path of the program, where there is one."""
    return os.environ.get("GATUS") or None


@contextmanager
def node(path: str, folder: Path, url: str, count: int, interval: int) -> Iterator[Node]:
    """A Gatus with so many endpoints, and its own defaults for all else."""
    folder.mkdir()
    port = free_port()
    endpoints = [
        {
            "name": f"monitor-{number}",
            "url": f"{url}{number}",
            "interval": f"{interval}s",
            "conditions": ["[STATUS] == 200"],
        }
        for number in range(count)
    ]
    config = {
        "web": {"address": "127.0.0.1", "port": port},
        "storage": {"type": "sqlite", "path": str(folder / "data.db")},
        "endpoints": endpoints,
    }
    # JSON is YAML.
    (folder / "config.yaml").write_text(json.dumps(config))
    address, log = f"http://127.0.0.1:{port}", folder / "log"
    environ = {**bare_environ(), "GATUS_CONFIG_PATH": str(folder / "config.yaml")}
    with idle.program([path], environ, log, f"{address}/health", cwd=folder) as pid:
        yield Node(pid, address, log, 0.0, 0.0)
