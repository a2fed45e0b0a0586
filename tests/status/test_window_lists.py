"""Which windows a list and the forms of the panel have, in which order."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.status.windows import queries
from portal.store.choices import Choice
from tests.instants import HOUR, NOW, TICK
from tests.status.stored import many, names, series, window


def listed(session: Session, **values: Any) -> str:
    rows, total = queries.listed(session, now=NOW, limit=50, offset=0, **values)
    assert total == len(rows)
    return names(rows)


def test_a_list_has_what_runs_what_is_proposed_what_comes_and_what_is_over(session: Session):
    many(session)
    window(session, "refused", 2 * HOUR, 3 * HOUR, awaits_approval=True, cancelled_at=NOW)
    window(session, "proposed-first", TICK, HOUR, awaits_approval=True)
    parts = {
        "running": "runs starts-now",
        "proposed": "proposed-first proposed",
        "upcoming": "comes",
        "over": "refused off ends-now ended-now ended-early off-ran-out",
    }
    assert listed(session) == " ".join(parts.values())
    for state, found in parts.items():
        assert listed(session, choice=Choice(state=state)) == found


def test_of_a_series_a_list_has_the_next_two_unless_it_is_of_that_series(session: Session):
    number = series(session)
    window(session, "other", HOUR, 2 * HOUR)
    for one in range(4):
        starts = (one + 2) * HOUR
        window(session, f"s{one}", starts, starts + HOUR, series_id=number)
    assert listed(session) == "other s0 s1"
    assert listed(session, has_all=True) == "other s0 s1 s2 s3"
    assert listed(session, series_id=number) == "s0 s1 s2 s3"


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (Choice(text="BACKUP"), "backup"),
        (Choice(text="upgr"), "upgrade mail"),
        (Choice(component="mail"), "mail"),
        (Choice(component="api", state="upcoming"), "upgrade backup"),
        (Choice(since=NOW + 3 * HOUR - TICK), "backup mail"),
        (Choice(since=NOW + 3 * HOUR), "mail"),
        (Choice(until=NOW + 2 * HOUR), "upgrade"),
        (Choice(until=NOW + 2 * HOUR + TICK), "upgrade backup"),
        (Choice(text="nothing"), ""),
    ],
)
def test_a_list_can_be_narrowed(session: Session, choice: Choice, found: str):
    window(session, "upgrade", HOUR, 2 * HOUR)
    window(session, "backup", 2 * HOUR, 3 * HOUR, title="Nightly copy")
    window(session, "mail", 3 * HOUR, 4 * HOUR, components=["mail"])
    assert listed(session, choice=choice) == found


def test_the_latest_that_were_made_by_hand_are_offered_once_by_title(session: Session):
    for name, title in (("a", "A"), ("b", "B"), ("b2", "B"), ("c", "C"), ("c2", "C"), ("c3", "C")):
        window(session, name, title=title)
    window(session, "s", title="S", series_id=series(session))
    assert names(queries.latest(session, limit=3)) == "c3 b2 a"
    assert names(queries.latest(session, limit=1)) == "c3"
