"""A repeated request with a key acts once, and gets the same answer again."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.errors import ReusedKeyError
from portal.status import series
from portal.status.announcements import AnnouncementIn, StatusChange
from portal.status.components import ComponentIn, State
from portal.status.freezes import FreezeIn
from portal.status.incidents import Incident, IncidentEdit, IncidentIn, NoteIn, UpdateIn
from portal.status.retrospectives import RetrospectiveIn
from portal.status.series import SeriesIn
from portal.status.templates import MessageTemplate, TemplateIn
from portal.status.windows import WindowAct, WindowIn
from portal.store import idempotency
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from tests.instants import HOUR, NOW, TICK
from tests.status.world import World


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


def edit_with(world: World, reference: str, key: IdempotencyKey) -> Incident:
    given = IncidentEdit(title="T", impact="minor", started_at=NOW - HOUR)
    return world.status.incidents.edit(By("a", key=key), reference, given)


def latest(world: World) -> str:
    with world.open_session() as session:
        return series.page(session, limit=1, offset=0)[0][0].reference
