"""PostgreSQL: a connection that is signed in, and `SELECT 1`."""

from typing import Any, Literal

from portal.monitors.kinds.base import HostConfig, Port, Short, Task
from portal.monitors.looks import FailedError


class PostgresConfig(HostConfig):
    port: Port = 5432
    database: Short = "postgres"
    username: Short = "postgres"
    ssl_mode: Literal["disable", "prefer", "require", "verify-full"] = "prefer"

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


async def look(config: PostgresConfig, task: Task) -> str:
    """Connect to the address that was checked, in the name of its host, and ask for one."""
    import psycopg

    address = (await task.network.resolve(config.host, config.port, task.trace))[0]
    task.trace.address = f"{address}:{config.port}"
    values: dict[str, Any] = {
        "host": config.host,
        "hostaddr": str(address),
        "port": config.port,
        "dbname": config.database,
        "user": config.username,
        "password": task.credentials.get("password") or None,
        "sslmode": config.ssl_mode,
        "sslrootcert": "system" if config.ssl_mode == "verify-full" else None,
        "connect_timeout": max(2, task.timeout_seconds),
        "application_name": "portal monitor",
        # Nothing of the portal's own surroundings goes along.
        "passfile": "/dev/null",
        "service": None,
    }
    connection = None
    try:
        with task.trace.phase("connect"):
            connection = await psycopg.AsyncConnection.connect(
                **{name: value for name, value in values.items() if value is not None},
                autocommit=True,
            )
        with task.trace.phase("waiting"):
            cursor = await connection.execute("SELECT 1")
            await cursor.fetchone()
        version = connection.info.server_version
    except psycopg.Error as error:
        raise FailedError(_short(str(error)) or type(error).__name__) from None
    finally:
        if connection is not None:
            await connection.close()
    return f"PostgreSQL {version // 10_000}.{version % 10_000}"


def _short(text: str) -> str:
    """The server's own words, without the address before them."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    for mark in ("FATAL:", "ERROR:", "failed:"):
        if mark in line:
            line = line.split(mark)[-1]
    return line.strip()
