"""What cannot be said of an incident is refused, and leaves nothing."""

from datetime import timedelta

import pytest

from portal.errors import NotFoundError, RuleError, StaleVersionError
from portal.status import incidents
from portal.status.components import Impact, State
from portal.status.incidents import ImpactLevel, IncidentEdit, Progress, UpdateIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.status.timelines import kinds, opened, parts, resolve, shown


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"status": Progress.RESOLVED}, "status"),
        ({"started_at": timedelta(minutes=1)}, "startedAt"),
        ({"next_update_at": timedelta(0)}, "nextUpdateAt"),
        ({"components": [Impact(component="none", state=State.MAJOR)]}, "components"),
        ({"components": [Impact(component="api", state=State.MAJOR)] * 2}, "components"),
    ],
)
def test_an_incident_that_cannot_be_leaves_nothing(
    either: Site, still: StandingClock, fields: dict[str, object], field: str
):
    parts(either, "api")
    before = kinds(either)
    given = {
        name: still.moment + value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    with pytest.raises(RuleError) as caught:
        opened(either, **given)
    assert caught.value.field == field
    assert kinds(either) == before
    with either.portal.core.open_session() as session:
        assert incidents.page(session, limit=10, offset=0) == ([], 0)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"root_cause_category": None}, "rootCauseCategory"),
        ({"status": Progress.MONITORING}, "rootCauseCategory"),
        ({"at": timedelta(minutes=1)}, "at"),
        ({"at": timedelta(days=-2)}, "at"),
        ({"next_update_at": timedelta(hours=1)}, "nextUpdateAt"),
        ({"components": [Impact(component="api", state=State.MAJOR)]}, "components"),
    ],
)
def test_an_update_that_contradicts_is_refused(
    either: Site, still: StandingClock, fields: dict[str, object], field: str
):
    parts(either, "api")
    row = opened(either)
    given = {
        name: still.moment + value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    with pytest.raises(RuleError) as caught:
        resolve(either, row.reference, **given)
    assert caught.value.field == field
    assert len(shown(either, row.reference).updates) == 1


def test_what_is_resolved_is_not_taken_up_again(site: Site, still: StandingClock):
    row = opened(site)
    resolve(site, row.reference)
    with pytest.raises(RuleError, match="Open a new one"):
        site.portal.status.incidents.update(
            By("a"), row.reference, UpdateIn(status=Progress.MONITORING, message="x")
        )
    # A word more after the end is fine, and moves the end of nothing.
    still.advance(minutes=5)
    end = shown(site, row.reference).resolved_at
    resolve(site, row.reference, message="P.S.")
    assert shown(site, row.reference).resolved_at == end


def test_two_with_one_version_update_it_once(either: Site, still: StandingClock):
    row = opened(either)
    given = UpdateIn(status=Progress.IDENTIFIED, message="x")
    either.portal.status.incidents.update(By("a", version=1), row.reference, given)
    with pytest.raises(StaleVersionError):
        either.portal.status.incidents.update(By("b", version=1), row.reference, given)
    with pytest.raises(NotFoundError):
        either.portal.status.incidents.update(By("b"), "INC-2030-9999", given)


def test_a_start_put_right_moves_what_began_with_it(either: Site, still: StandingClock):
    parts(either, "api")
    row = opened(either, components=[Impact(component="api", state=State.MAJOR)])
    earlier = still.moment - timedelta(hours=2)
    either.portal.status.incidents.edit(
        By("a", version=1),
        row.reference,
        IncidentEdit(title="Slow", impact=ImpactLevel.MINOR, started_at=earlier),
    )
    now = shown(either, row.reference)
    assert (now.started_at, now.updates[0].at) == (earlier, earlier)
    either.portal.board.refresh()
    (view,) = either.portal.board.current().picture.components
    assert view.events[0].minutes == 120
