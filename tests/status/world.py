"""The writers of the status room on one database, and what they left there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import search
from portal.status import room
from portal.status.components import ComponentIn, Span, State
from portal.status.incidents import Incident, IncidentIn, UpdateIn
from portal.status.notices import Notice
from portal.status.windows import WindowIn
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW


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


def hit(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"component": slug, "state": state} for slug, state in pairs]


def window(world: World, **values: Any) -> Any:
    """One that is scheduled now, for three hours."""
    status = values.pop("room", world.status)
    return status.windows.schedule(
        By("ada"), WindowIn(**{"title": "T", "ends_at": NOW + 3 * HOUR, **values})
    )
