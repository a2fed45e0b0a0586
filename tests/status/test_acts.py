"""The acts on incidents, components, announcements, windows and series, act by act."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import search
from portal.errors import NotFoundError, ReusedKeyError, RuleError, StaleVersionError
from portal.status import (
    announcements,
    components,
    freezes,
    incidents,
    retrospectives,
    room,
    series,
    windows,
)
from portal.status.announcements import AnnouncementIn, StatusChange
from portal.status.bounded import Bounds
from portal.status.components import ComponentIn, Span, State
from portal.status.freezes import FreezeIn
from portal.status.incidents import Incident, IncidentEdit, IncidentIn, NoteIn, UpdateIn
from portal.status.notices import Notice
from portal.status.retrospectives import RetrospectiveIn
from portal.status.series import SeriesIn
from portal.status.templates import MessageTemplate, TemplateIn
from portal.status.windows import WindowAct, WindowIn, WindowStatus
from portal.store import idempotency
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from tests import rows
from tests.clocks import StandingClock
from tests.instants import DAY, HOUR, MINUTE, NOW, TICK


def overlapping(session: Session, row: windows.Window) -> list[str]:
    return windows.overlaps(session, [row], now=clock.now()).get(row.id, [])


class World:
    """The writers on one database, and what they left there."""

    def __init__(self, open_session: Callable[[], Session], still: StandingClock) -> None:
        self.open_session, self.still = open_session, still
        self.changes = 0
        self.status = room.build(open_session, self._changed)
        self.careful = room.build(open_session, self._changed, requires_approval=True)

    def stored(self, key: IdempotencyKey) -> StoredResponse | None:
        with self.open_session() as session:
            return key.find(session)

    def _changed(self) -> None:
        self.changes += 1

    def told(self) -> list[str]:
        with self.open_session() as session:
            return list(session.scalars(select(Notice.event).order_by(Notice.id)))

    def notice(self) -> Notice:
        """The last one."""
        with self.open_session() as session:
            return session.scalars(select(Notice).order_by(Notice.id.desc())).first()  # type: ignore[return-value]

    def logged(self) -> tuple[str, dict[str, Any]]:
        """The last event."""
        with self.open_session() as session:
            (event, *_), _ = search.search(session)
        return event.type, event.detail

    def spans(self) -> list[tuple[State, datetime, datetime | None]]:
        with self.open_session() as session:
            rows = session.scalars(select(Span).order_by(Span.id))
            return [(State(row.state), row.began_at, row.ended_at) for row in rows]

    def parts(self, *slugs: str) -> None:
        for slug in slugs:
            self.status.components.add(By("ada"), ComponentIn(slug=slug, name=slug))

    def open(self, **values: Any) -> str:
        given = {"title": "Slow", "impact": "major", "message": "We look.", **values}
        return self.status.incidents.open(By("ada"), IncidentIn(**given)).reference

    def update(self, reference: str, status: str = "identified", **values: Any) -> Incident:
        given = UpdateIn(**{"status": status, "message": "m", **values})
        return self.status.incidents.update(By("bob"), reference, given)

    def resolve(self, reference: str, **values: Any) -> Incident:
        return self.update(reference, "resolved", root_cause_category="deploy", **values)


@pytest.fixture
def world(open_session: Callable[[], Session], still: StandingClock) -> World:
    return World(open_session, still)


def hit(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"component": slug, "state": state} for slug, state in pairs]


def test_an_incident_impairs_from_its_start_and_nothing_after_its_end(world: World):
    world.parts("api", "web", "docs")
    reference = world.open(
        started_at=NOW - HOUR, components=hit(("api", "major_outage"), ("docs", "operational"))
    )
    assert world.spans() == [(State.MAJOR, NOW - HOUR, None)]
    assert world.notice().facts["components"] == {"api": "major_outage"}
    assert world.logged()[1]["components"] == ["api: major_outage", "docs: operational"]
    same = hit(("api", "major_outage"), ("web", "partial_outage"))
    world.update(reference, components=same, at=NOW - MINUTE)
    assert world.spans() == [(State.MAJOR, NOW - HOUR, None), (State.PARTIAL, NOW - MINUTE, None)]
    world.update(reference, "monitoring")
    assert len(world.spans()) == 2
    world.update(reference, components=hit(("api", "degraded_performance")))
    assert world.spans() == [
        (State.MAJOR, NOW - HOUR, NOW),
        (State.PARTIAL, NOW - MINUTE, NOW),
        (State.DEGRADED, NOW, None),
    ]
    assert world.notice().facts["components"] == {
        "api": "degraded_performance",
        "web": "operational",
    }
    with world.open_session() as session:
        shown = incidents.out(session, incidents.find(session, reference))  # type: ignore[arg-type]
    assert [(one.component, one.state) for one in shown.components] == [
        ("api", State.DEGRADED),
        ("web", State.PARTIAL),
    ]
    row = world.resolve(reference)
    assert row.resolved_at == NOW
    assert all(ended == NOW for _, _, ended in world.spans())
    assert world.notice().facts["components"] == {"api": "operational", "web": "operational"}
    assert world.told() == ["opened", "updated", "updated", "updated", "resolved"]
    kind, detail = world.logged()
    assert (kind, detail["category"]) == ("incident.resolved", "deploy")


def test_what_has_ended_is_not_ended_again(world: World):
    world.parts("api", "web")
    reference = world.open(components=hit(("api", "major_outage")))
    world.update(reference, components=hit(("web", "major_outage")))
    world.still.advance(minutes=5)
    world.resolve(reference)
    assert [ended for _, _, ended in world.spans()] == [NOW, NOW + 5 * MINUTE]
    with world.open_session() as session:

        def since(moment: datetime) -> int:
            return len(components.spans(session, since=moment))

        assert (since(NOW - TICK), since(NOW), since(NOW + 5 * MINUTE)) == (2, 1, 0)


def test_the_states_of_another_incident_are_its_own(world: World):
    world.parts("api", "web")
    world.open(components=hit(("web", "major_outage")))
    first = world.open(components=hit(("api", "partial_outage")))
    assert world.notice().components == ["api"]
    world.resolve(first)
    assert [ended is None for _, _, ended in world.spans()] == [True, False]


def test_a_span_never_ends_before_it_begins(world: World):
    world.parts("api")
    reference = world.open(started_at=NOW - 2 * HOUR)
    world.update(reference, components=hit(("api", "major_outage")), at=NOW)
    world.resolve(reference, at=NOW - HOUR)
    assert world.spans() == [(State.MAJOR, NOW, NOW)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"started_at": NOW + TICK}, "startedAt"),
        ({"status": "resolved"}, "status"),
        ({"next_update_at": NOW}, "nextUpdateAt"),
        ({"components": hit(("api", "major_outage"), ("api", "partial_outage"))}, "components"),
        ({"components": hit(("nothing", "major_outage"))}, "components"),
    ],
)
def test_an_incident_that_cannot_be_leaves_nothing(world: World, values, field):
    world.parts("api")
    before = world.changes
    with pytest.raises(RuleError) as caught:
        world.open(**values)
    assert caught.value.field == field
    assert (world.changes, world.told(), world.spans()) == (before, [], [])
    assert world.logged()[0] == "component.created"


def test_a_next_update_may_be_promised(world: World):
    world.open(next_update_at=NOW + TICK)
    assert world.notice().facts["nextUpdateAt"].startswith("2030-06-03T12:00:00")


def edit(world: World, reference: str, **values: Any) -> Incident:
    given = {"title": "Slow", "impact": "major", "started_at": NOW - HOUR, **values}
    return world.status.incidents.edit(By("bob"), reference, IncidentEdit(**given))


def test_a_start_put_right_moves_what_began_with_it_and_nothing_else(world: World):
    world.parts("api", "web")
    reference = world.open(started_at=NOW - HOUR, components=hit(("api", "major_outage")))
    world.update(
        reference,
        at=NOW - MINUTE,
        components=hit(("api", "major_outage"), ("web", "partial_outage")),
    )
    edit(world, reference, started_at=NOW - 2 * HOUR)
    assert [began for _, began, _ in world.spans()] == [NOW - 2 * HOUR, NOW - MINUTE]
    with world.open_session() as session:
        shown = incidents.out(session, incidents.find(session, reference))  # type: ignore[arg-type]
    assert [one.at for one in shown.updates] == [NOW - MINUTE, NOW - 2 * HOUR]
    assert world.logged() == ("incident.changed", {"incident": reference, "fields": ["started_at"]})


def test_a_first_word_that_came_later_stays_where_it_is(world: World):
    reference = world.open(started_at=NOW - HOUR)
    with world.open_session() as session:
        line = session.scalars(select(incidents.IncidentUpdate)).one()
        line.at = NOW - MINUTE
        session.commit()
    edit(world, reference, started_at=NOW - 2 * HOUR)
    with world.open_session() as session:
        assert session.scalars(select(incidents.IncidentUpdate.at)).one() == NOW - MINUTE


@pytest.mark.parametrize(
    ("started", "is_taken"), [(NOW - TICK, True), (NOW, False), (NOW + TICK, False)]
)
def test_an_incident_starts_before_it_ends(world: World, started, is_taken):
    reference = world.open(started_at=NOW - HOUR)
    world.resolve(reference)
    world.still.advance(hours=1)
    if is_taken:
        assert edit(world, reference, started_at=started).started_at == started
    else:
        with pytest.raises(RuleError, match="before the end"):
            edit(world, reference, started_at=started)
    running = world.open()
    assert edit(world, running, started_at=NOW + HOUR).started_at == NOW + HOUR


def test_an_edit_names_what_it_changed(world: World):
    reference = world.open(started_at=NOW - HOUR)
    edit(world, reference)
    assert world.logged()[1]["fields"] == []
    edit(world, reference, title="Slower", audiences=["admin"], next_update_at=NOW + HOUR)
    assert world.logged()[1]["fields"] == ["audiences", "next_update_at", "title"]


def test_a_word_after_the_end_is_an_update(world: World):
    reference = world.open()
    end = world.resolve(reference)
    world.still.advance(hours=1)
    again = world.resolve(reference)
    assert again.resolved_at == end.resolved_at == NOW
    assert world.told() == ["opened", "resolved", "updated"]
    assert world.logged()[0] == "incident.updated"


def test_notes_stay_inside_and_do_not_lie_in_the_future(world: World):
    reference = world.open()
    for at in (None, NOW, NOW - 9 * DAY):
        world.status.incidents.note(By("bob"), reference, NoteIn(message="n", at=at))
    with pytest.raises(RuleError) as caught:
        world.status.incidents.note(By("bob"), reference, NoteIn(message="n", at=NOW + TICK))
    assert caught.value.field == "at"
    with world.open_session() as session:
        shown = incidents.out(session, incidents.find(session, reference))  # type: ignore[arg-type]
    assert [(one.status, one.is_public, one.author) for one in shown.notes] == [
        (None, False, "bob")
    ] * 3
    assert [one.status for one in shown.updates] == ["investigating"]
    assert world.told() == ["opened"]


def test_the_first_who_is_at_it_counts(world: World):
    reference = world.open()
    for actor in ("bob", "eve"):
        row = world.status.incidents.acknowledge(By(actor), reference)
        assert (row.acknowledged_by, row.acknowledged_at, row.version) == ("bob", NOW, 2)
        world.still.advance(minutes=1)


def keep(world: World, reference: str, version: int | None = None, **values: Any) -> Any:
    given = RetrospectiveIn(**{"root_cause_category": "capacity", **values})
    return world.status.retrospectives.save(By("ada", version=version), reference, given)


def test_what_was_learned_is_told_when_it_is_published(world: World):
    reference = world.open()
    with pytest.raises(RuleError, match="only for a resolved incident"):
        keep(world, reference)
    world.resolve(reference)
    assert keep(world, reference).version == 1
    assert world.told()[2:] == []
    assert keep(world, reference, 1, published=True).version == 2
    assert world.told()[2:] == ["learned"]
    world.status.incidents.note(By("bob"), reference, NoteIn(message="n"))
    keep(world, reference, 2, published=True, root_cause="more")
    assert world.told()[2:] == ["learned"]
    keep(world, reference, 3)
    assert world.told()[2:] == ["learned"]
    with pytest.raises(StaleVersionError):
        keep(world, reference, 3)
    keep(world, reference, None)
    with world.open_session() as session:
        found = incidents.find(session, reference.lower())
        assert found is not None
        assert found.root_cause_category == "capacity"


def test_one_published_at_once_is_told(world: World):
    reference = world.open()
    world.resolve(reference)
    keep(world, reference, published=True)
    assert world.told()[-1] == "learned"


def test_actions_that_are_overdue_are_listed_the_longest_first(world: World):
    for days in (2, 5, 3):
        reference = world.open(title=f"T{days}")
        world.resolve(reference)
        due = date(2030, 6, 3) - timedelta(days=days)
        actions = [
            {"kind": "alert", "text": f"a{days}", "due_at": due},
            {"kind": "other", "text": "done", "due_at": due, "done": True},
        ]
        keep(world, reference, actions=actions)
    with world.open_session() as session:
        stored = session.scalars(select(retrospectives.Retrospective)).first()
        assert stored is not None
        assert set(stored.actions[0]) == {"kind", "text", "owner", "dueAt", "done"}
        found = retrospectives.overdue(session, today=date(2030, 6, 3))
    assert [(one.title, one.action.text) for one in found] == [
        ("T5", "a5"),
        ("T3", "a3"),
        ("T2", "a2"),
    ]


def test_incidents_are_listed_open_over_or_all(world: World):
    first = world.open(started_at=NOW - 3 * HOUR)
    second = world.open(started_at=NOW - HOUR)
    third = world.open(started_at=NOW - 2 * HOUR)
    world.resolve(first)
    with world.open_session() as session:

        def found(**how: Any) -> tuple[list[str], int]:
            rows, total = incidents.page(session, **{"limit": 9, "offset": 0, **how})
            return [row.reference for row in rows], total

        assert found() == ([second, third, first], 3)
        assert found(is_open=True) == ([second, third], 2)
        assert found(is_open=False) == ([first], 1)
        assert found(limit=1, offset=1) == ([third], 3)

        def between(begin: datetime, end: datetime) -> list[str]:
            return [row.reference for row in incidents.between(session, begin, end)]

        assert between(NOW - 2 * HOUR, NOW - HOUR) == [third]
        assert between(NOW - 3 * HOUR, NOW) == [second, third, first]
        bounds = Bounds(latest=0)
        since = incidents.for_board(session, since=NOW, bounds=bounds)
        assert [row.reference for row in since] == [second, third]
        assert len(incidents.for_board(session, since=NOW - TICK, bounds=bounds)) == 3
        assert incidents.next_reference(session, now=NOW) == "INC-2030-0004"
        assert incidents.next_reference(session, now=NOW + 365 * DAY) == "INC-2031-0001"
        session.get(Incident, 1).reference = "INC-2030-9999"  # type: ignore[union-attr]
        session.get(Incident, 2).reference = "INC-2030-10000"  # type: ignore[union-attr]
        assert incidents.next_reference(session, now=NOW) == "INC-2030-10001"
        session.rollback()
        assert incidents.find(session, "INC-2030-0099") is None
        empty, total = incidents.page(session, limit=9, offset=9)
        assert (empty, total) == ([], 3)


def test_a_slug_is_given_once(world: World, monkeypatch: pytest.MonkeyPatch):
    world.parts("api")
    with pytest.raises(RuleError, match="taken"):
        world.parts("api")
    monkeypatch.setattr(components.acts, "MOST_COMPONENTS", 2)
    world.parts("web")
    with pytest.raises(RuleError, match="2 components at most"):
        world.parts("docs")
    given = ComponentIn(slug="other", name="API")
    with pytest.raises(RuleError, match="cannot be changed"):
        world.status.components.edit(By("ada"), "api", given)
    with pytest.raises(NotFoundError):
        world.status.components.edit(By("ada"), "nothing", given)
    with world.open_session() as session:
        assert components.count(session) == 2


def test_an_edit_of_a_component_names_what_it_changed(world: World):
    world.parts("api")
    given = {"slug": "api", "name": "API", "position": 3, "is_public": False}
    row = world.status.components.edit(By("bob", version=1), "api", ComponentIn(**given))
    assert (row.version, row.name, row.position) == (2, "API", 3)
    assert world.logged()[1]["fields"] == ["is_public", "name", "position"]
    world.status.components.edit(By("bob", version=2), "api", ComponentIn(**given))
    assert world.logged()[1]["fields"] == []


@pytest.mark.parametrize(
    ("states", "spans", "before", "after"),
    [
        (["major_outage"], [(State.MAJOR, True)], None, "major_outage"),
        (["major_outage", None], [(State.MAJOR, False)], "major_outage", None),
        (
            ["major_outage", "operational"],
            [(State.MAJOR, False), (State.OPERATIONAL, True)],
            "major_outage",
            "operational",
        ),
        (
            ["major_outage", "partial_outage"],
            [(State.MAJOR, False), (State.PARTIAL, True)],
            "major_outage",
            "partial_outage",
        ),
        ([None], [], None, None),
        (["operational"], [(State.OPERATIONAL, True)], None, "operational"),
    ],
)
def test_a_state_by_hand_ends_the_one_before(world: World, states, spans, before, after):
    world.parts("api")
    for state in states:
        wanted = State(state) if state else None
        world.status.components.set_state(By("ada"), "api", wanted)
        world.still.advance(minutes=1)
    assert [(state, ended is None) for state, _, ended in world.spans()] == spans
    kind, detail = world.logged()
    assert (kind, detail["before"], detail["after"]) == ("component.state.changed", before, after)
    with world.open_session() as session:
        held = components.by_hand(session)
    impaired = [state for state, is_open in spans if is_open and state != State.OPERATIONAL]
    assert list(held.values()) == impaired


def test_components_stand_by_group_position_and_name(world: World):
    for slug, group, position in (
        ("a", "late", 5),
        ("b", "early", 2),
        ("c", "late", 9),
        ("d", "", 4),
        ("e", "early", 1),
        ("f", "early", 1),
    ):
        world.status.components.add(
            By("ada"), ComponentIn(slug=slug, name=slug, group=group, position=position)
        )
    world.status.components.remove(By("ada", version=1), "f")
    with world.open_session() as session:
        assert [one.slug for one in components.listed(session)] == ["e", "b", "d", "a", "c"]
        assert components.known(session, []) == {}
        with pytest.raises(RuleError, match="slug f"):
            components.known(session, ["a", "f"])


def announce(world: World, **values: Any) -> Any:
    given = AnnouncementIn(**{"title": "News", "status": "active", **values})
    return world.status.announcements.create(By("ada"), given)


def test_a_slug_is_made_from_the_title_and_is_free(world: World):
    assert [announce(world).slug for _ in range(3)] == ["news", "news-2", "news-3"]
    assert announce(world, title="2030").slug == "a-2030"
    assert announce(world, title="Ünsere  große Nachricht!").slug == "unsere-groe-nachricht"
    assert announce(world, title="!!!").slug == "announcement"
    assert announce(world, slug="mine").slug == "mine"
    for slug in ("mine", "123"):
        with pytest.raises(RuleError, match="Choose another"):
            announce(world, slug=slug)


def test_what_is_found_by_number_or_name(world: World):
    first, second = announce(world), announce(world, slug="a1")
    row = world.status.windows.schedule(By("ada"), WindowIn(title="T", ends_at=NOW + HOUR))
    with world.open_session() as session:
        assert announcements.find(session, str(first.id)).slug == "news"  # type: ignore[union-attr]
        assert announcements.find(session, "a1").id == second.id  # type: ignore[union-attr]
        for ref in ("99", "nothing", "1" * 10, "١"):
            assert announcements.find(session, ref) is None
        assert windows.find(session, str(row.id)).reference == row.reference  # type: ignore[union-attr]
        assert windows.find(session, row.reference).id == row.id  # type: ignore[union-attr]
        for ref in ("99", "nothing", "1" * 10, "١"):
            assert windows.find(session, ref) is None
        rows, total = announcements.listed(session, now=NOW, limit=1, offset=0)
        assert ([one.slug for one in rows], total) == (["a1"], 2)


def test_a_slug_of_digits_that_is_no_number_of_a_row_is_looked_for_by_name(world: World):
    row = announce(world)
    with world.open_session() as session:
        session.get(announcements.Announcement, row.id).slug = "77"  # type: ignore[union-attr]
        session.commit()
        assert announcements.find(session, "77").id == row.id  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ["published"]),
        ({"status": "draft"}, []),
        ({"status": "scheduled", "starts_at": NOW + HOUR}, []),
    ],
)
def test_what_is_announced_is_told_when_it_runs(world: World, values, told):
    announce(world, **values)
    assert world.told() == told


def test_an_edit_keeps_the_slug(world: World):
    announce(world)
    for slug in (None, "news"):
        given = AnnouncementIn(slug=slug, title="Other", status="active")
        world.status.announcements.edit(By("ada"), "news", given)
    given = AnnouncementIn(slug="other", title="Other", status="active")
    with pytest.raises(RuleError, match="cannot be changed"):
        world.status.announcements.edit(By("ada"), "news", given)
    given = AnnouncementIn(title="Other", status="active")
    with pytest.raises(StaleVersionError):
        world.status.announcements.edit(By("ada", version=1), "news", given)


def change(world: World, status: str, **values: Any) -> Any:
    given = StatusChange(status=status, **values)
    return world.status.announcements.set_status(By("bob"), "news", given)


def test_a_draft_is_published_taken_back_and_resolved(world: World):
    announce(world, status="draft", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    assert change(world, "draft").published_at is None
    row = change(world, "active")
    assert (row.starts_at, row.ends_at, row.published_at) == (NOW, NOW + 2 * HOUR, NOW)
    assert row.is_draft is False
    world.still.advance(minutes=1)
    row = change(world, "draft")
    assert (row.is_draft, row.published_at) == (True, NOW)
    row = change(world, "active", ends_at=NOW + 3 * HOUR)
    assert (row.ends_at, row.published_at, row.starts_at) == (NOW + 3 * HOUR, NOW, NOW)
    with pytest.raises(RuleError, match="end cannot be changed"):
        change(world, "resolved", ends_at=NOW + HOUR)
    row = change(world, "resolved")
    assert (row.resolved_at, row.ends_at) == (NOW + MINUTE, NOW + 3 * HOUR)
    assert world.logged()[1] == {"ref": "news", "before": "active", "after": "resolved"}
    with pytest.raises(RuleError, match="Create a new one"):
        change(world, "active")
    assert world.told() == ["published", "resolved"]


def test_one_that_is_scheduled_keeps_its_start(world: World):
    announce(world, status="draft", starts_at=NOW + HOUR)
    row = change(world, "scheduled")
    assert (row.starts_at, row.is_draft) == (NOW + HOUR, False)
    assert world.told() == []


def window(world: World, **values: Any) -> Any:
    status = values.pop("room", world.status)
    return status.windows.schedule(
        By("ada"), WindowIn(**{"title": "T", "ends_at": NOW + 3 * HOUR, **values})
    )


def test_a_proposal_waits_and_what_begins_at_once_does_not(world: World):
    row = window(world, room=world.careful, starts_at=NOW + HOUR)
    assert (row.awaits_approval, world.told()) == (True, [])
    assert window(world, room=world.careful).awaits_approval is False
    assert window(world, starts_at=NOW + HOUR).awaits_approval is False
    assert world.told() == ["started", "scheduled"]
    edited = world.careful.windows.edit(
        By("eve", version=1),
        row.reference,
        WindowIn(title="T", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
    )
    assert (edited.created_by, len(world.told())) == ("eve", 2)
    act = WindowAct(action="approve")
    done = world.careful.windows.act(By("ada", version=2), row.reference, act)
    assert (done.awaits_approval, done.approved_by) == (False, "ada")
    assert world.told()[2:] == ["scheduled"]
    assert world.logged()[0] == "maintenance.window.approved"


def test_a_proposal_that_is_called_off_is_told_to_nobody(world: World):
    row = window(world, room=world.careful, starts_at=NOW + HOUR)
    act = WindowAct(action="cancel")
    world.careful.windows.act(By("ada", version=1), row.reference, act)
    assert world.told() == []


def test_only_extending_takes_a_duration(world: World):
    row = window(world)
    act = WindowAct(action="end", duration="5m")
    with pytest.raises(RuleError, match="Only extend"):
        world.status.windows.act(By("ada", version=1), row.reference, act)


def test_an_edit_of_what_runs_keeps_its_author(world: World):
    row = window(world)
    done = world.status.windows.edit(
        By("eve", version=1), row.reference, WindowIn(title="T2", ends_at=NOW + 3 * HOUR)
    )
    assert (done.created_by, done.version) == ("ada", 2)
    assert world.logged()[1]["fields"] == ["title"]


def test_which_windows_run_and_overlap(world: World):
    first = window(world)
    second = window(world, ends_at=NOW + HOUR)
    apart = window(world, starts_at=NOW + 3 * HOUR, ends_at=NOW + 4 * HOUR)
    over = window(world, ends_at=NOW + 2 * HOUR)
    off = window(world, starts_at=NOW + MINUTE, ends_at=NOW + HOUR)
    world.status.windows.act(By("a", version=1), off.reference, WindowAct(action="cancel"))
    window(world, room=world.careful, starts_at=NOW + TICK * 1000, ends_at=NOW + 5 * HOUR)
    world.still.advance(minutes=30)
    over = world.status.windows.act(By("ada", version=1), over.reference, WindowAct(action="end"))
    with world.open_session() as session:

        def running(now: datetime) -> list[str]:
            return [row.reference for row in windows.running(session, now=now)]

        assert running(NOW + 31 * MINUTE) == [second.reference, first.reference]
        assert running(NOW + HOUR) == [first.reference]
        assert running(NOW + 3 * HOUR) == [apart.reference]
        assert running(NOW - TICK) == []
        assert running(NOW + 4 * HOUR) == []
        assert overlapping(session, apart) != []
        assert first.reference not in overlapping(session, apart)
        assert second.reference in overlapping(session, first)
        assert over.reference in overlapping(session, first)
        assert off.reference not in overlapping(session, first)
        assert first.reference not in overlapping(session, first)
        assert overlapping(session, over) == []
        off.cancelled_at = NOW
        assert overlapping(session, off) == []
        rows, total = windows.listed(session, now=NOW, limit=2, offset=0)
        assert (len(rows), total) == (2, 6)


def test_what_ended_before_it_overlaps_nothing_later(world: World):
    over = window(world)
    world.still.advance(hours=1)
    world.status.windows.act(By("a", version=1), over.reference, WindowAct(action="end"))
    for step, overlaps in ((timedelta(0), False), (-MINUTE, True)):
        later = rows.window(
            id=99, reference="m-99", starts_at=NOW + HOUR + step, ends_at=NOW + 9 * HOUR
        )
        # Not kept: it is there for the query alone.
        with world.open_session() as session:
            session.add(later)
            session.flush()
            assert bool(overlapping(session, later)) is overlaps


def a_series(world: World, **values: Any) -> Any:
    status = values.pop("room", world.status)
    given = SeriesIn(
        **{
            "title": "S",
            "starts_at": NOW + HOUR,
            "ends_at": NOW + 2 * HOUR,
            "recurrence": "FREQ=WEEKLY",
            **values,
        }
    )
    return status.series.create(By("ada"), given)


def count(world: World) -> int:
    with world.open_session() as session:
        return windows.listed(session, now=NOW, limit=1, offset=0, has_all=True)[1]


def test_a_series_is_told_with_its_windows_unless_it_waits(world: World):
    a_series(world)
    assert (world.told(), count(world)) == (["scheduled"], 9)
    assert len(world.logged()[1]["windows"]) == 9
    row = a_series(world, room=world.careful)
    assert (world.told(), count(world), row.awaits_approval) == (["scheduled"], 9, True)
    with pytest.raises(RuleError, match="Someone else"):
        world.careful.series.approve(By("ada", version=1), row.reference)
    done = world.careful.series.approve(By("bob", version=1), row.reference)
    assert (done.awaits_approval, done.approved_by, done.version) == (False, "bob", 2)
    assert (world.told(), count(world)) == (["scheduled", "scheduled"], 18)
    with pytest.raises(RuleError, match="proposed"):
        world.careful.series.approve(By("bob", version=2), row.reference)


def test_a_series_that_is_called_off_takes_what_has_not_begun_with_it(world: World):
    row = a_series(world)
    world.still.advance(hours=1)
    world.status.series.cancel(By("ada", version=1), row.reference)
    with world.open_session() as session:
        found = {
            one.status_at(world.still.now()) for one in session.scalars(select(windows.Window))
        }
        ahead = session.scalars(
            select(windows.Window).where(windows.Window.cancelled_at.is_not(None))
        ).all()
    assert found == {WindowStatus.ACTIVE, WindowStatus.CANCELLED}
    assert (len(ahead), {one.version for one in ahead}) == (8, {2})
    assert world.told() == ["scheduled", "cancelled"]
    with pytest.raises(RuleError, match="already"):
        world.status.series.cancel(By("ada"), row.reference)
    proposed = a_series(world, room=world.careful, starts_at=NOW + 3 * HOUR, ends_at=NOW + 4 * HOUR)
    world.careful.series.cancel(By("ada", version=1), proposed.reference)
    assert world.told() == ["scheduled", "cancelled"]
    with pytest.raises(RuleError, match="proposed"):
        world.careful.series.approve(By("bob"), proposed.reference)


def test_one_occurrence_called_off_before_is_left_as_it_is(world: World):
    row = a_series(world)
    with world.open_session() as session:
        second = session.scalars(select(windows.Window).order_by(windows.Window.starts_at)).all()[1]
    world.status.windows.act(By("ada", version=1), second.reference, WindowAct(action="cancel"))
    world.status.series.cancel(By("ada", version=1), row.reference)
    assert len(world.logged()[1]["windows"]) == 8
    with world.open_session() as session:
        assert session.get(windows.Window, second.id).version == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("step", "made", "why"),
    [
        (timedelta(0), 0, "it was planned just now"),
        (DAY, 0, "a day short of two months is enough"),
        (DAY + TICK, 0, "it is looked at, and none is missing yet"),
        (7 * DAY, 1, "one more has come within two months"),
    ],
)
def test_the_plan_goes_on(world: World, step, made, why):
    a_series(world)
    a_series(world, room=world.careful)
    before = world.logged()
    world.still.advance(seconds=step.total_seconds())
    with world.open_session() as session:
        due = series.due(session, now=world.still.now())
    assert bool(due) is (step > DAY), why
    assert world.status.series.plan_ahead(By("worker")) == made, why
    assert (world.logged() != before) is bool(made)
    assert world.status.series.plan_ahead(By("worker")) == 0


def test_series_are_listed_the_newest_first(world: World):
    rows = [a_series(world) for _ in range(3)]
    with world.open_session() as session:
        found, total = series.page(session, limit=2, offset=1)
        assert ([one.id for one in found], total) == ([rows[1].id, rows[0].id], 3)
        assert series.find(session, rows[0].reference).id == rows[0].id  # type: ignore[union-attr]
        assert series.find(session, "s-nothing") is None


def test_freezes_that_are_not_over_and_those_that_touch(world: World):
    for number, (begin, end) in enumerate(((3, 4), (1, 2))):
        given = FreezeIn(title=f"F{number}", starts_at=NOW + begin * HOUR, ends_at=NOW + end * HOUR)
        world.status.freezes.add(By("ada"), given)
    with world.open_session() as session:

        def coming(now: datetime) -> list[str]:
            return [one.title for one in freezes.coming(session, now=now)]

        assert coming(NOW) == ["F1", "F0"]
        assert coming(NOW + 2 * HOUR - TICK) == ["F1", "F0"]
        assert coming(NOW + 2 * HOUR) == ["F0"]
        assert freezes.touching(session, NOW, NOW + HOUR) == []
        assert freezes.touching(session, NOW, NOW + HOUR + TICK) == ["F1"]
        assert freezes.touching(session, NOW + 2 * HOUR, NOW + 3 * HOUR) == []
        assert freezes.touching(session, NOW + 2 * HOUR - TICK, NOW + 4 * HOUR) == ["F1", "F0"]
    world.status.freezes.remove(By("ada"), 1)
    with pytest.raises(NotFoundError):
        world.status.freezes.remove(By("ada"), 1)


def template(world: World, message: str = "{{what}}", version: int | None = None) -> Any:
    given = TemplateIn(name="ops", title="On {{when}}", message=message)
    return world.status.templates.save(By("ada", version=version), given)


def test_a_template_is_added_and_replaced(world: World):
    assert template(world).version == 1
    assert template(world, version=1).version == 2
    assert template(world).version == 3
    with pytest.raises(StaleVersionError):
        template(world, version=2)
    with pytest.raises(RuleError, match="Write a field"):
        template(world, "{{What}}")


def test_a_key_gives_its_answer_again_and_to_that_request_alone(world: World):
    def once(number: int) -> IdempotencyKey:
        return IdempotencyKey(f"k{number}", b"r", lambda row: {"version": row.version})

    world.parts("api")
    reference = world.open()
    calls: list[Callable[[IdempotencyKey], Any]] = [
        lambda key: world.status.incidents.update(
            By("a", key=key), reference, UpdateIn(status="identified", message="m")
        ),
        lambda key: world.status.incidents.note(By("a", key=key), reference, NoteIn(message="m")),
        lambda key: world.status.incidents.acknowledge(By("a", key=key), reference),
        lambda key: world.status.incidents.open(
            By("a", key=key), IncidentIn(title="T", impact="minor", message="m")
        ),
        lambda key: edit_with(world, reference, key),
        lambda key: world.status.components.add(By("a", key=key), ComponentIn(slug="b", name="b")),
        lambda key: world.status.components.edit(
            By("a", key=key), "b", ComponentIn(slug="b", name="c")
        ),
        lambda key: world.status.components.set_state(By("a", key=key), "b", State.MAJOR),
        lambda key: world.status.components.remove(By("a", key=key), "b"),
        lambda key: world.status.announcements.create(
            By("a", key=key), AnnouncementIn(title="News")
        ),
        lambda key: world.status.announcements.edit(
            By("a", key=key), "news", AnnouncementIn(title="N")
        ),
        lambda key: world.status.announcements.set_status(
            By("a", key=key), "news", StatusChange(status="active")
        ),
        lambda key: world.status.windows.schedule(
            By("a", key=key), WindowIn(title="T", ends_at=NOW + HOUR)
        ),
        lambda key: world.status.windows.edit(
            By("a", key=key), "1", WindowIn(title="T2", ends_at=NOW + HOUR)
        ),
        lambda key: world.status.windows.act(By("a", key=key), "1", WindowAct(action="end")),
        lambda key: world.careful.series.create(
            By("a", key=key),
            SeriesIn(
                title="S", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, recurrence="FREQ=WEEKLY"
            ),
        ),
        lambda key: world.careful.series.approve(By("b", key=key), latest(world)),
        lambda key: world.careful.series.cancel(By("b", key=key), latest(world)),
        lambda key: world.status.freezes.add(
            By("a", key=key), FreezeIn(title="F", starts_at=NOW, ends_at=NOW + HOUR)
        ),
        lambda key: world.status.templates.save(
            By("a", key=key), TemplateIn(name="ops", title="T", message="m")
        ),
        lambda key: (
            world.resolve(reference),
            world.status.retrospectives.save(
                By("a", key=key), reference, RetrospectiveIn(root_cause_category="deploy")
            ),
        ),
    ]
    for number, call in enumerate(calls):
        call(once(number))
        reply = world.stored(once(number))
        assert reply is not None, number
        assert reply.body == {"version": reply.version}
        assert reply.created_at == NOW
    assert world.stored(IdempotencyKey("nothing", b"r", dict)) is None
    with pytest.raises(ReusedKeyError):
        world.stored(IdempotencyKey("k0", b"another", dict))
    with world.open_session() as session:
        assert len(session.scalars(select(StoredResponse)).all()) == len(calls)
        assert session.scalars(select(MessageTemplate.name)).all() == ["ops"]


@pytest.mark.parametrize(
    ("age", "is_kept"), [(idempotency.KEPT - TICK, True), (idempotency.KEPT, False)]
)
def test_answers_are_kept_for_a_day(world: World, age, is_kept):
    world.still.moment = NOW - age
    once = IdempotencyKey("k", b"r", lambda row: {})
    world.status.announcements.create(By("a", key=once), AnnouncementIn(title="N"))
    with world.open_session() as session:
        idempotency.sweep(session, now=NOW)
        session.commit()
    assert (world.stored(once) is not None) is is_kept


@pytest.mark.unit
@pytest.mark.parametrize("find", [announcements.find, windows.find])
@pytest.mark.parametrize(("digits", "is_number"), [(9, True), (10, False)])
def test_a_number_that_no_row_can_have_is_a_name(find, digits: int, is_number: bool):
    asked: list[str] = []
    session = SimpleNamespace(
        get=lambda *_: asked.append("number"), scalar=lambda _: asked.append("name")
    )
    find(session, "1" * digits)
    assert asked[0] == ("number" if is_number else "name")


def edit_with(world: World, reference: str, key: IdempotencyKey) -> Incident:
    given = IncidentEdit(title="T", impact="minor", started_at=NOW - HOUR)
    return world.status.incidents.edit(By("a", key=key), reference, given)


def latest(world: World) -> str:
    with world.open_session() as session:
        return series.page(session, limit=1, offset=0)[0][0].reference
