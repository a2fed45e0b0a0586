"""Seeing the database go and come back, for the audit log."""

from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.pool import NullPool

from portal.lifecycle.watch import Watch, reaches
from tests.clocks import StandingClock
from tests.sites import Site


class Log:
    """What was recorded, in its order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event_type: str, **detail: Any) -> None:
        self.events.append((event_type.removeprefix("database.connection."), detail))


@pytest.mark.parametrize(
    ("seen", "events", "why"),
    [
        ([True, True], [("established", {"gap_seconds": 0.0})], "nothing is told twice"),
        ([False, False], [("lost", {"was_up": False})], "it was away from the start"),
        (
            [True, False, False, True],
            [
                ("established", {"gap_seconds": 0.0}),
                ("lost", {"was_up": True}),
                ("established", {"gap_seconds": 4.0}),
            ],
            "the gap is from the loss to the first look that finds it",
        ),
        (
            [False, True],
            [("lost", {"was_up": False}), ("established", {"gap_seconds": 2.0})],
            "a start without it has a gap too",
        ),
    ],
)
def test_a_change_is_recorded_once(
    still: StandingClock, seen: list[bool], events: list[Any], why: str
):
    log, looks = Log(), iter(seen)
    watch = Watch(lambda: next(looks), log)
    for _ in seen:
        watch.check()
        still.advance(seconds=2)
    assert log.events == events, why


def test_a_database_that_answers_is_reached_and_another_is_not(site: Site):
    assert reaches(site.portal.core.probe_engine)() is True
    (site.settings.data_dir / "portal.db").unlink()
    assert reaches(site.portal.core.probe_engine)() is False
    nowhere = sqlalchemy.create_engine(
        "postgresql+psycopg://portal@127.0.0.1:1/portal",
        poolclass=NullPool,
        connect_args={"connect_timeout": 1},
    )
    assert reaches(nowhere)() is False
