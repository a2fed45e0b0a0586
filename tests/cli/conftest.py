"""The `portal` command in the test's own process, on a database of its own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portal import create_app
from portal.cli import application
from portal.cli.command import portal
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site


@dataclass
class Cli:
    """Runs commands beside a site, and looks at what they left behind there."""

    site: Site
    environ: dict[str, str | None] = field(default_factory=dict)

    def run(self, *arguments: str, code: int = 0, text: str = "", **environ: str) -> Result:
        """The result of a command that ends with this code, given `text` to read."""
        runner = CliRunner(env={**self.environ, **environ})
        result = runner.invoke(portal, list(arguments), input=text)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    @property
    def actor(self) -> str:
        return application.actor()


@pytest.fixture
def cli(build: Build, still: StandingClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    site = build()
    made: list[Any] = []

    def make(*arguments: Any) -> Any:
        """As `create_app` does; a command leaves its connections to the end of its process."""
        made.append(create_app(*arguments))
        return made[-1]

    monkeypatch.setattr(application, "create_app", make)
    # What is set around the run is not meant for these commands.
    environ: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith("PORTAL_")
    }
    environ |= {"PORTAL_DATA_DIR": str(site.settings.data_dir), "PORTAL_ENV": "test"}
    yield Cli(site, environ)
    for app in made:
        app.extensions["portal"].core.engine.dispose()
        app.extensions["portal"].core.probe_engine.dispose()
