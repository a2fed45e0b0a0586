"""Apps on real databases, a clock that stands still, and people who sign in."""

import gc
import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from portal import clock, create_app
from portal.accounts import operators, passwords, tokens
from portal.accounts.roles import Role, Scope
from portal.settings import ScraperToken, Settings
from portal.store import engine
from tests import databases, memory
from tests import lived_in as lived_in_rows
from tests.databases import fresh_database, postgres  # noqa: F401 (a fixture)
from tests.faults.table import (  # noqa: F401 (hooks of the run)
    pytest_addoption,
    pytest_runtest_logreport,
    pytest_runtest_setup,
    pytest_sessionfinish,
)
from tests.kinds import pytest_collection_modifyitems, unit_means_unit  # noqa: F401

# No test depends on how long something takes.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

PASSWORD = "correct horse battery"
SCRAPER = "s" * 40
MANUAL = "m" * 40
START = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # xdist's workers use the folder of who started them
        databases.begin_run()


def pytest_xdist_auto_num_workers() -> int:
    # One more than there are cores: who waits for a server or a browser leaves its core to another.
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish(session: pytest.Session) -> None:
    # What imports and collection left stays: walking it again and again took a fifth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        databases.end_run()


@dataclass
class StandingClock:
    """Time that moves only when told to; wall and boot clock together."""

    moment: datetime = START
    boot: float = 5000.0

    def now(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()

    def boot_seconds(self) -> float:
        return self.boot

    def advance(self, **parts: float) -> None:
        step = timedelta(**parts)
        self.moment += step
        self.boot += step.total_seconds()


@contextmanager
def standing_clock() -> Iterator[StandingClock]:
    """Time stands at `START` within the block, and goes on after it whatever happens there."""
    standing = StandingClock()
    before = clock.use(standing)
    try:
        yield standing
    finally:
        clock.use(before)


@pytest.fixture
def still() -> Iterator[StandingClock]:
    with standing_clock() as standing:
        yield standing


_numbers = itertools.count(1)


@dataclass
class Site:
    """An app under test, and ways to act on it."""

    app: Any
    settings: Settings
    scopes: list[Scope] = field(default_factory=lambda: list(Scope))
    _token: str | None = None

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

    def signed_in(self, role: Role = Role.ADMIN) -> "Person":
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


@dataclass
class Person:
    """Someone at a browser: keeps cookies, sends the page's CSRF token."""

    client: FlaskClient
    name: str
    _csrf: str | None = None

    def sign_in(self, password: str = PASSWORD, target: str = "") -> Any:
        self._csrf = None
        return self.client.post(
            "/panel/login", data={"name": self.name, "password": password, "next": target}
        )

    def csrf(self, page: str = "/panel") -> str:
        text = self.client.get(page).get_data(as_text=True)
        match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
        assert match, f"{page} has no CSRF token"
        return match.group(1)

    def post(self, path: str, **form: Any) -> Any:
        # One token serves a session, from a page that asks the database for little.
        self._csrf = self._csrf or self.csrf("/panel/runbook")
        return self.client.post(path, data={"csrf_token": self._csrf, **form})


def remember_routes() -> None:
    """Compile the routes once a process, not once an app.

    All apps have the same routes, and this takes half the time that an app takes to make.
    """
    compile_route, known = Rule.compile, {}

    def remembered(rule: Rule) -> None:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, defaults)
        if key not in known:
            compile_route(rule)
            builders = rule._build.__func__, rule._build_unknown.__func__
            known[key] = rule._parts, rule._trace, rule._converters, set(rule.arguments), builders
        rule._parts, rule._trace, rule._converters, arguments, builders = known[key]
        rule.arguments = set(arguments)
        rule._build, rule._build_unknown = (one.__get__(rule, None) for one in builders)

    Rule.compile = remembered  # type: ignore[method-assign]


def remember_statements() -> None:
    """Let engines share what they compile: each has a dialect of its own, and all are alike."""
    DefaultDialect.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]


def hash_quickly() -> None:
    """Passwords of tests guard nothing; hashing them as it should be took a tenth of the time."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._DUMMY = passwords._hasher.hash("no such account")


remember_routes()
remember_statements()
hash_quickly()


class CompiledTemplates(BytecodeCache):
    """Templates compiled by one app of a process, for the next."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_templates = CompiledTemplates()


def make_site(settings: Settings) -> Site:
    """An app on settings; whoever makes it closes it."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = _templates
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


Build = Callable[..., Site]
_others: list[Site] = []


def another(site: Site) -> Site:
    """A second app on the same settings, as another process would have it."""
    other = make_site(site.settings)
    _others.append(other)
    return other


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Makes sites; each has its own data directory, and its database is migrated."""
    made: list[Site] = []

    def make(**values: Any) -> Site:
        folder = values.pop("data_dir", tmp_path / f"site{len(made)}")
        if "database_url" not in values:
            databases.put_sqlite(folder)
        site = make_site(settings_of_tests(folder, **values))
        made.append(site)
        return site

    yield make
    while _others:
        made.append(_others.pop())
    for site in made:
        close_site(site)
    databases.drop_databases()


@pytest.fixture
def site(build: Build) -> Site:
    """A site on SQLite."""
    return build()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, build: Build) -> Iterator[Site]:
    """A site on SQLite, and the same test on PostgreSQL."""
    if request.param == "sqlite":
        yield build()
        return
    url = fresh_database(request.getfixturevalue("postgres"))
    yield build(database_url=url)


@pytest.fixture
def session() -> Iterator[Session]:
    """A session on a database in memory, for rules that read rows."""
    with memory.session() as made:
        yield made


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with ninety days behind it, for reading alone; its clock stands at `START`."""
    with standing_clock():
        folder = tmp_path_factory.mktemp("lived-in")
        databases.put_sqlite(folder, databases.sqlite_template("lived-in", lived_in_rows.fill))
        site = make_site(settings_of_tests(folder, workers_declared=lived_in_rows.WORKERS))
        lived_in_rows.tend(site.portal)
        yield site
        close_site(site)
