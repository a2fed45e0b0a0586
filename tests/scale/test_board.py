"""The board over ninety days: what a rebuild asks, and what the picture holds."""

import pytest

from portal.board.components import DAYS
from portal.status.components import State
from portal.status.incidents import Progress
from tests.clocks import StandingClock
from tests.lived_in import counts
from tests.lived_in.windows import running_of_series
from tests.queries import counted
from tests.scale.conftest import Reader
from tests.scale.looks import READY_MADE, Look, each
from tests.sites import Site, close_site, make_site

REBUILD = 12
LOOK = 1
PUBLIC = counts.COMPONENTS - 3
READS = tuple(
    Look(path, None, 0, READY_MADE)
    for path in (
        "/",
        "/banner",
        "/api/status",
        "/api/runtime/maintenance",
        "/api/runtime/maintenance?windowMinutes=1440&limit=50&includeResolved=true",
    )
)


@pytest.mark.parametrize("look", each(READS))
def test_a_public_read_asks_nothing(
    lived_in: Site, reader: Reader, still: StandingClock, look: Look
):
    with counted(lived_in) as queries:
        assert reader(None).get(look.path).status_code == 200
    queries.expect(look.most, look.note)


def test_a_rebuild_asks_the_same_with_ninety_days_behind_it(lived_in: Site, still: StandingClock):
    other = make_site(lived_in.settings)
    with counted(other) as queries:
        other.portal.board.refresh()
    queries.expect(REBUILD, "A rebuild of the board.")
    with counted(other) as queries:
        other.portal.board.refresh()
    queries.expect(LOOK, "A look that finds nothing changed.")
    close_site(other)


def test_postgresql_is_asked_the_same(on_postgresql: tuple[Site, Reader], still: StandingClock):
    other = make_site(on_postgresql[0].settings)
    with counted(other) as queries:
        other.portal.board.refresh()
    queries.expect(REBUILD, "A rebuild of the board.")
    close_site(other)


def test_the_picture_holds_all_components_with_their_days(lived_in: Site, still: StandingClock):
    picture = lived_in.portal.board.current().picture
    assert len(picture.components) == counts.COMPONENTS
    assert len(picture.public_components) == PUBLIC
    assert {len(one.states) for one in picture.components} == {DAYS}
    # Its history is shorter than the page: the days before it are nobody's.
    newest = next(one for one in picture.components if one.slug == "part-00")
    assert newest.states.count(None) == DAYS - 21


def test_a_window_that_runs_puts_its_components_under_maintenance(
    lived_in: Site, still: StandingClock
):
    with lived_in.portal.core.open_session() as session:
        repeated = running_of_series(session, now=still.now())
    states = {one.slug: one.state for one in lived_in.portal.board.current().picture.components}
    assert repeated
    assert all(states[slug].rank >= State.UNDER_MAINTENANCE.rank for slug in repeated)


def test_the_picture_holds_all_incidents_that_go_on(lived_in: Site, still: StandingClock):
    picture = lived_in.portal.board.current().picture
    going_on = [one for one in picture.incidents if one.status is not Progress.RESOLVED]
    assert len(going_on) == counts.OPEN_INCIDENTS
    assert [one.reference for one in picture.open_incidents] == [
        one.reference for one in going_on if one.is_public
    ]


def test_a_past_day_names_what_was_resolved_on_it(lived_in: Site, still: StandingClock):
    picture = lived_in.portal.board.current().picture
    for day in picture.past_days:
        shown = [one.ref for one in day.banners if one.kind == "incident"]
        assert sorted(shown) == sorted(
            one.reference
            for one in picture.incidents
            if one.is_public and one.resolved_at and one.resolved_at.date() == day.day
        )
    assert sum(bool(day.banners) for day in picture.past_days) >= 3


def test_what_runs_and_what_comes_once_is_not_hidden_by_five_daily_series(
    lived_in: Site, reader: Reader, still: StandingClock
):
    picture = lived_in.portal.board.current().picture
    running = [one.ref for one in picture.active if one.kind == "window"]
    assert counts.RUNNING in running
    assert len(running) == 2
    coming = [one.ref for one in picture.coming]
    assert {"m-next1", "m-next5", "m-next20"} <= set(coming)
    status = reader(None).get("/api/status").json
    assert counts.RUNNING in [one["ref"] for one in status["windows"]]
    active = reader(None).get("/api/v2/scheduled-maintenances/active.json").json
    assert [one["id"] for one in active["scheduled_maintenances"]] == running
    card = lived_in.portal.overview.take().maintenance
    assert counts.RUNNING in [one.reference for one in card.active]
    ahead = [one.starts_at for one in card.upcoming]
    assert ahead == sorted(ahead)
    assert {"m-next1", "m-next5", "m-next20"} <= {one.reference for one in card.upcoming}
