"""The portal opens and closes the episodes of its own alerts, and leaves those of others alone."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from portal.runtime import foreign_alerts
from portal.runtime.episode import Source
from portal.runtime.episodes import CLOSE_AFTER, Episodes, open_ones
from tests import rows
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.runtime.calm import calm, hold, pool, worker

OTHERS = [Source.ALERTMANAGER, Source.MONITOR]
Names = set[tuple[str, str]]


def names(open_session: Callable[[], Session]) -> Names:
    with open_session() as session:
        return {(one.alert, one.subject) for one in open_ones(session)}


def test_alerts_that_begin_at_once_are_all_opened(
    open_session: Callable[[], Session], still: StandingClock
):
    workers = [worker(status="error"), worker(name="mails", stuck=2)]
    found = hold(database_pool=pool(5), workers=workers)
    Episodes(open_session).reconcile(calm(alerts=found))
    assert len(found) == 3
    assert names(open_session) == {(one.id, one.subject) for one in found}


def test_an_alert_that_begins_closes_none_that_holds(
    open_session: Callable[[], Session], still: StandingClock
):
    kept = Episodes(open_session)
    waits = hold(database_pool=pool(5))
    kept.reconcile(calm(alerts=waits))
    still.moment += CLOSE_AFTER
    kept.reconcile(calm(alerts=[*hold(workers=[worker(status="error")]), *waits]))
    assert names(open_session) == {("pool-waiting", ""), ("worker-error", "jobs")}


@pytest.mark.parametrize("source", OTHERS)
def test_what_others_say_in_a_snapshot_is_no_alert_of_the_portals_own(
    open_session: Callable[[], Session], still: StandingClock, source: Source
):
    told = foreign_alerts.shown(rows.episode(source=source, changed_at=NOW))
    Episodes(open_session).reconcile(calm(alerts=[told]))
    assert names(open_session) == set()


@pytest.mark.parametrize("source", OTHERS)
def test_what_others_opened_is_not_closed_with_the_portals_own(
    open_session: Callable[[], Session], still: StandingClock, source: Source
):
    with open_session() as session:
        session.add(rows.episode(alert="Slow", subject="f00d", source=source, changed_at=NOW))
        session.add(rows.episode())
        session.commit()
    still.moment += CLOSE_AFTER
    Episodes(open_session).reconcile(calm())
    assert names(open_session) == {("Slow", "f00d")}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("source", "concerns"),
    [(Source.PORTAL, False), (Source.ALERTMANAGER, True), (Source.MONITOR, True)],
)
def test_only_others_name_their_component_by_a_label(source: Source, concerns: bool):
    row = rows.episode(source=source, labels={"component": "api"})
    assert row.concerns("api", []) is concerns
    assert not row.concerns("web", [])
    assert row.concerns("web", ["worker-stuck"])
