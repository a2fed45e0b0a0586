"""Every address of panel and API that lists something, with ten rows of each kind and with many.

The addresses are those of the app, so a list that is added is walked too.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from portal.accounts.roles import Role, Scope
from portal.store.base import Base
from tests import databases
from tests.clocks import standing_clock
from tests.lived_in import counts, fill, tend
from tests.queries import Queries, counted
from tests.scale.looks import LIST, PANEL_POLL
from tests.sites import Site, close_site, make_site, settings_of_tests

FEW = 10
# They take the whole snapshot, or are forms; all others are lists.
WHOLE = {"panel.runtime", "cards.poll", "cards.alerts", "runtime_api.health", "runtime_api.export"}
KEPT = ("audit_", "operator", "revision", "web_session", "lease", "idempotency")


def thin(path: str) -> None:
    """Leave ten rows of each kind, and nothing that hangs on others."""
    with sqlite3.connect(path) as connection:
        for name, table in Base.metadata.tables.items():
            if not name.startswith(KEPT):
                key = ", ".join(f'"{column.name}"' for column in table.primary_key)
                connection.execute(
                    f'DELETE FROM "{name}" WHERE ({key}) NOT IN'
                    f' (SELECT {key} FROM "{name}" LIMIT {FEW})'
                )
        while orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
            for name, number, *_ in orphans:
                connection.execute(f'DELETE FROM "{name}" WHERE rowid = ?', (number,))
    connection.close()


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same portal with ten rows of each kind."""
    with standing_clock():
        folder = tmp_path_factory.mktemp("few")
        databases.put_sqlite(folder, databases.sqlite_template("lived-in", fill))
        thin(str(folder / "portal.db"))
        site = make_site(settings_of_tests(folder, workers_declared=counts.WORKERS))
        tend(site.portal)
        yield site
        close_site(site)


@dataclass
class Reading:
    """What an address was answered with."""

    queries: Queries
    size: int


def read(site: Site, path: str) -> Reading:
    """As an administrator who looked ten seconds ago, or as a token that may read all."""
    client, headers = site.client(), {}
    if path.startswith("/api/"):
        headers = site.bearer(*Scope)
    else:
        client = site.signed_in(Role.ADMIN).client
    client.get(path, headers=headers)
    with counted(site) as queries:
        answer = client.get(path, headers=headers)
    assert answer.status_code in {200, 204}, path
    return Reading(queries, len(answer.data))


def test_no_list_asks_more_when_there_is_more(lived_in: Site, few: Site):
    addresses = [
        rule
        for rule in lived_in.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and rule.rule.startswith(("/panel", "/api/admin"))
    ]
    longer = 0
    with standing_clock():
        for rule in addresses:
            many, ten = read(lived_in, rule.rule), read(few, rule.rule)
            budget = PANEL_POLL if rule.endpoint in WHOLE else LIST
            many.queries.expect(budget, f"{rule.rule} with many rows")
            assert len(many.queries) <= len(ten.queries), f"{rule.rule}: {ten.queries.statements}"
            longer += many.size > 1.5 * ten.size
    # That there were more rows to show is seen on the pages themselves.
    assert len(addresses) > 30
    assert longer >= 12
