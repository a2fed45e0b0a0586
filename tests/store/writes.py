"""What another process writes to a SQLite file."""

import sqlite3
from pathlib import Path


def write(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
