"""What a list costs does not grow with what merely lies there: the steps of SQLite are counted.

Two portals alike, one with five times as many rows of each kind. A row that is only counted takes
SQLite some three steps of its machine; one that is read, or sorted, takes dozens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event

from bench import grown
from bench.sizes import Sizes
from portal.web.panel import audit, notifications
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import NOW
from tests.lived_in import tend
from tests.people import Person
from tests.sites import Site

pytestmark = pytest.mark.database
FEW = Sizes(10, 120, 3, 200, 400, 2000, 300, 100)
MANY = Sizes(10, 600, 3, 1000, 2000, 10_000, 1500, 500)
STEPS_A_ROW = 8
# To look for two words in what a subscriber has chosen.
STEPS_A_CHOICE = 18
EVERY = 50
RUNTIME = "/api/admin/runtime"
# A list, and the kinds of rows that it counts.
LISTS = (
    ("/panel/maintenance", ("windows",)),
    ("/panel/incidents", ("incidents",)),
    ("/panel/perimeter", ("blocks",)),
    ("/panel/notifications", ()),
    ("/panel/notifications?subscribers=150", ()),
    ("/panel/audit", ()),
    ("/panel/audit?before=500", ()),
    ("/panel/audit?type=account.login", ()),
    (f"{RUNTIME}/maintenance/windows?limit=50", ("windows",)),
    (f"{RUNTIME}/incidents?limit=50", ("incidents",)),
    (f"{RUNTIME}/maintenance/perimeter/blocks?limit=50", ("blocks",)),
    (f"{RUNTIME}/audit?limit=50", ()),
    ("/panel/cards", ()),
)


@dataclass
class Filled:
    """A portal with rows, somebody who reads it, and the steps that SQLite has taken."""

    site: Site
    person: Person
    bearer: dict[str, str]
    steps: int = 0

    def work(self, path: str) -> int:
        """The steps of a request; the first one is left aside, as it prepares."""
        headers = self.bearer if path.startswith(RUNTIME) else {}
        return self._steps(lambda: self.person.client.get(path, headers=headers))

    def work_of_preview(self) -> int:
        """The steps of the preview of an incident, which says how many will be told."""
        form = {
            "title": "Trouble",
            "status": "investigating",
            "message": "We look into it.",
            "audiences": "public",
            "impact-part-003": "partial_outage",
        }
        return self._steps(lambda: self.person.post("/panel/incidents/preview", **form))

    def _steps(self, ask: Callable[[], Any]) -> int:
        for _ in range(2):
            self.steps = 0
            answer = ask()
            assert answer.status_code in (200, 204), answer.get_data(as_text=True)
        return self.steps


@pytest.fixture
def filled(build: Build, still: StandingClock) -> tuple[Filled, Filled]:
    made = []
    for sizes in (FEW, MANY):
        site = build()
        grown.fill(site.portal.core.settings.resolved_database_url, sizes, now=NOW)
        one = Filled(site, site.signed_in(), site.bearer())

        def count(connection, record, one=one):
            def more() -> int:
                one.steps += EVERY
                return 0

            connection.set_progress_handler(more, EVERY)

        site.portal.core.engine.dispose()
        event.listen(site.portal.core.engine, "connect", count)
        tend(site.portal)
        made.append(one)
    return made[0], made[1]


def test_a_list_reads_no_more_where_there_is_more(
    filled: tuple[Filled, Filled], monkeypatch: pytest.MonkeyPatch
):
    # As far as this a choice of the log is counted; both portals have more.
    monkeypatch.setattr(audit, "MOST_EXPORTED", 100)
    # As far as this its subscribers.
    monkeypatch.setattr(notifications, "MOST_COUNTED", 100)
    few, many = filled
    for path, counted in LISTS:
        more = many.work(path) - few.work(path)
        rows = sum(getattr(MANY, kind) - getattr(FEW, kind) for kind in counted)
        assert more <= STEPS_A_ROW * rows + 2000, f"{path}: {more} steps more"


def test_who_is_told_is_counted_from_an_index(filled: tuple[Filled, Filled]):
    few, many = filled
    more = many.work_of_preview() - few.work_of_preview()
    assert more <= STEPS_A_CHOICE * (MANY.subscribers - FEW.subscribers) + 2000
