"""The WSGI entry: `app` for any server, `create_app` for tests and tools."""

from portal import create_app
from portal.settings import load
from portal.store import files

settings = load()
files.make_privately()
files.tighten(settings)
app = create_app(settings)
