"""The web server of `portal serve`, a process of its own that starts the web processes.

Forked, it hands them the app that is loaded already. As a program, `python -P front.py BIND N`,
it imports little and its web processes load the app.
"""

import multiprocessing
import sys
from collections.abc import Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server

# As the chain has them; the server bounds what it reads before the chain sees anything.
MOST_URL_BYTES = 8 * 1024
MOST_HEADER_BYTES = 32 * 1024


def main(bind: str, workers: int, begin: Callable[[], Any] | None = None) -> None:
    """Serve until told to stop; `begin` makes the application in a web process that is forked."""
    if begin is not None:
        # Python 3.14 would begin them anew.
        multiprocessing.set_start_method("fork", force=True)
    host, _, port = bind.rpartition(":")
    server = Server(
        "portal.cli.web:load",
        factory=True,
        address=host.strip("[]"),
        port=int(port),
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        workers=workers,
        # Browsers speak HTTP/2 over TLS only, and that ends at the proxy in front. Without it a
        # connection that sends nothing costs half the memory.
        http=HTTPModes.http1,
        websockets=False,
        log_level="warning",  # type: ignore[arg-type]
        http1_settings=HTTP1Settings(
            header_read_timeout=10_000, max_buffer_size=MOST_URL_BYTES + MOST_HEADER_BYTES
        ),
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    )
    try:
        server.serve(target_loader=begin, wrap_loader=False)
    except RuntimeError as error:
        # What the system refuses comes with a backtrace of the server's own machine code.
        said = str(error).partition("\n")[0]
        if "os error" not in said:
            raise
        sys.exit(f"portal: Cannot listen on {bind}: {said}.")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
