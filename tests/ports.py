"""Ports of loopback that nobody else takes."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below the ports that the system gives to whoever asks for any, so that nobody else takes them.
PORTS = range(10_000, 30_000)
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
