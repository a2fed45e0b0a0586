"""What a rebuild does again; counted, not timed."""

from collections import Counter

from sqlalchemy import event

from portal.board import components as views
from portal.status.components import ComponentIn, Impact, Span, State
from portal.status.incidents import (
    ImpactLevel,
    Incident,
    IncidentIn,
    IncidentUpdate,
    Progress,
    UpdateIn,
)
from portal.store import revision
from portal.unit_of_work import By
from tests.board.growth import COMPONENTS, done, work
from tests.clocks import StandingClock
from tests.queries import counted
from tests.sites import Site


def test_a_rebuild_makes_again_what_changed_and_nothing_else(grown: Site, still: StandingClock):
    status = grown.portal.status
    first = work(grown)
    status.components.add(By("a"), ComponentIn(slug="new", name="New"))
    second = work(grown)
    assert done(first, second) == (1, 1, 0)
    new = IncidentIn(
        title="Down",
        impact=ImpactLevel.MAJOR,
        message="We look.",
        components=[Impact(component="c3", state=State.MAJOR)],
    )
    row = status.incidents.open(By("a"), new)
    third = work(grown)
    # Its component and itself; the past days of both stand.
    assert done(second, third) == (0, 1, 1)
    status.incidents.update(
        By("a"), row.reference, UpdateIn(status=Progress.MONITORING, message="Better.")
    )
    # At the same instant its component is what it was.
    assert done(third, work(grown)) == (0, 0, 1)


def test_only_timelines_that_changed_are_read(grown: Site, still: StandingClock):
    status, read = grown.portal.status, Counter[int]()

    def note(row: IncidentUpdate, _: object) -> None:
        read[row.incident_id] += 1

    new = IncidentIn(title="Down", impact=ImpactLevel.MAJOR, message="We look.")
    row = status.incidents.open(By("a"), new)
    event.listen(IncidentUpdate, "load", note)
    try:
        for number in range(2):
            other = new.model_copy(update={"title": f"Other {number}"})
            last = status.incidents.open(By("a"), other)
        assert read == {last.id - 1: 1, last.id: 1}
        read.clear()
        status.incidents.update(
            By("a"), row.reference, UpdateIn(status=Progress.MONITORING, message="Better.")
        )
        assert read == {row.id: 2}
    finally:
        event.remove(IncidentUpdate, "load", note)
    with grown.portal.core.open_session() as session:
        revision.advance(session)
        session.commit()
    with counted(grown) as queries:
        grown.portal.board.refresh()
    assert not [one for one in queries.statements if "FROM incident_update" in one]
    assert len([one for one in queries.statements if "FROM revision" in one]) == 1


def test_an_act_on_the_past_is_seen_all_the_same(grown: Site, still: StandingClock):
    def days() -> list[int]:
        found = grown.portal.board.current().picture.components
        return [len(one.events) for one in found]

    before, made = days(), work(grown)
    with grown.portal.core.open_session() as session:
        (span,) = session.query(Span).filter_by(incident_id=100)
        session.delete(span)
        # Who may know of one changes the past as well.
        session.get(Incident, 201).audiences = ["operations"]  # type: ignore[union-attr]
        revision.advance(session)
        session.commit()
    grown.portal.board.refresh()
    gone = [
        number for number, (one, two) in enumerate(zip(before, days(), strict=True)) if one - two
    ]
    assert gone == [99 % COMPONENTS, 200 % COMPONENTS]
    assert done(made, work(grown))[0] == 2


def test_what_is_read_does_not_grow_with_what_is_past(grown: Site, still: StandingClock):
    """The past is compared as one text, made by the database; its rows are not read again."""
    history = grown.portal.board._history
    with counted(grown) as queries, grown.portal.core.open_session() as session:
        parts = history.components(session, now=still.now())
    assert len(parts) == COMPONENTS
    # Components, the texts of the past, what reaches into today, and alerts.
    queries.expect(4)
    with grown.portal.core.open_session() as session:
        late = history._read(session, views.first_day(still.now()), now=still.now())
    assert late == {}
