"""`portal demo`."""

from sqlalchemy import select

from portal.guard.blocks import Block
from portal.status.components import Component
from portal.status.incidents import Incident
from portal.status.windows import Window
from tests.cli.conftest import Cli


def test_the_demo_fills_an_empty_portal_once(cli: Cli):
    done = cli.run("demo", PORTAL_WORKERS_DECLARED="jobs:1h")
    assert "The demo data is in place." in done.output
    with cli.site.portal.core.open_session() as session:
        assert len(session.scalars(select(Component)).all()) == 6
        assert len(session.scalars(select(Incident)).all()) == 5
        assert len(session.scalars(select(Window)).all()) == 2
        assert [one.created_by for one in session.scalars(select(Block))] == ["demo"]
    page = cli.site.client().get("/").text
    assert "Demo: search index upgrade" in page
    assert "Demo: reports are late" in page
    again = cli.run("demo", code=1)
    assert "The demo needs an empty one" in again.stderr
