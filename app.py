"""The WSGI entry: `app` for any server, `create_app` for tests and tools."""

from portal import create_app

app = create_app()
