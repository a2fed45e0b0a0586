"""`portal` with every statement of its processes noted: `python -m bench.counted FILE serve …`."""

import os
import sys
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from portal.cli.command import main


def note_statements(file: str) -> None:
    """Append a byte for each statement; the processes are forks, and share the file."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    @event.listens_for(Engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            os.write(descriptor, b".")


if __name__ == "__main__":
    note_statements(sys.argv[1])
    sys.argv = ["portal", *sys.argv[2:]]
    main()
