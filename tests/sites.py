"""Apps on real databases, and ways to act on them."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from portal import clock, create_app
from portal.accounts import operators, tokens
from portal.accounts.roles import Role, Scope
from portal.settings import ScraperToken, Settings
from portal.store import engine
from tests import databases
from tests.people import PASSWORD, Person
from tests.shortcuts import TEMPLATES

SCRAPER = "s" * 40
MANUAL = "m" * 40
_numbers = itertools.count(1)


@dataclass
class Site:
    """An app under test, and ways to act on it."""

    app: Any
    settings: Settings

    @property
    def portal(self) -> Any:
        return self.app.extensions["portal"]

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def operator(self, name: str, role: Role) -> None:
        with self.portal.core.open_session() as session:
            engine.begin_write(session)
            operators.create(
                session, name, password=PASSWORD, role=role, actor="test", at=clock.now()
            )
            session.commit()

    def token(self, name: str, *scopes: Scope, days: int = 30) -> str:
        with self.portal.core.open_session() as session:
            engine.begin_write(session)
            text = tokens.create(
                session, name, scopes=list(scopes), days=days, actor="test", at=clock.now()
            )
            session.commit()
        return text

    def bearer(self, *scopes: Scope) -> dict[str, str]:
        name = f"token-{next(_numbers)}"
        return {"Authorization": f"Bearer {self.token(name, *(scopes or tuple(Scope)))}"}

    def signed_in(self, role: Role = Role.ADMIN) -> Person:
        name = f"{role.value}{next(_numbers)}"
        self.operator(name, role)
        person = Person(self.client(), name)
        answer = person.sign_in()
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return person

    def scrape(self, secret: str = SCRAPER, **headers: str) -> Any:
        return self.client().get(
            "/health/metrics", headers={"Authorization": f"Bearer {secret}", **headers}
        )

    def figure(self, name: str, secret: str = SCRAPER) -> float:
        """A series of the feed by its exact name with labels."""
        return figure(self.scrape(secret).get_data(as_text=True), name)


def figure(text: str, name: str) -> float:
    match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert match, f"{name} is not in the feed"
    return float(match.group(1))


def make_site(settings: Settings) -> Site:
    """An app on settings; whoever makes it closes it."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = TEMPLATES
    site = Site(app, settings)
    for one in (site.portal.core.engine, site.portal.core.probe_engine):
        one.update_execution_options(compiled_cache=databases.STATEMENTS)
    return site


def close_site(site: Site) -> None:
    """Give all connections back."""
    site.portal.core.engine.dispose()
    site.portal.core.probe_engine.dispose()


def settings_of_tests(folder: Path, **values: Any) -> Settings:
    """Settings of a site in `folder`; limits that no test meets by chance."""
    return Settings(
        **{
            "env": "test",
            "data_dir": folder,
            "site_name": "Test status",
            "rate_limit": "100000/minute",
            "metrics_tokens": (
                ScraperToken("prometheus", SCRAPER),
                ScraperToken("oncall", MANUAL, is_manual=True),
            ),
            **values,
        }
    )


others: list[Site] = []


def another(site: Site) -> Site:
    """A second app on the same settings, as another process would have it."""
    other = make_site(site.settings)
    others.append(other)
    return other
