"""A program that does nothing: the same bytes and headers behind the same server, without a check.

`python -m bench.nothing BIND FILE`; the file holds, for each path, its headers and its body.
"""

import json
import sys
from pathlib import Path
from typing import Any

from portal.cli import front


class Nothing:
    """The RSGI application."""

    def __init__(self, file: Path) -> None:
        found = json.loads(file.read_text())
        self._answers = {
            path: ([(name, value) for name, value in one["headers"]], one["body"].encode())
            for path, one in found.items()
        }

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        headers, body = self._answers[scope.path]
        protocol.response_bytes(200, headers, body)


if __name__ == "__main__":
    front.main(sys.argv[1], 1, lambda: Nothing(Path(sys.argv[2])))
