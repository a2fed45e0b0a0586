"""What operators do with windows; each act tells subscribers in its own transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import clock
from portal.errors import RuleError
from portal.status import components, notices, templates
from portal.status.notices import Event, NoticeKind
from portal.status.windows import queries
from portal.status.windows.schemas import Action, WindowAct, WindowIn, WindowTimes
from portal.status.windows.window import Window, WindowStatus, new_reference
from portal.unit_of_work import Acts, Transaction, act, changed_fields

Span = tuple[datetime, datetime]


class ScheduleActs(Acts):
    """Acts on what is planned, which with `requires_approval` begins as a proposal."""

    def __init__(
        self,
        open_session: Callable[[], Session],
        on_change: Callable[[], None],
        *,
        requires_approval: bool = False,
    ) -> None:
        super().__init__(open_session, on_change)
        self._requires_approval = requires_approval


class Windows(ScheduleActs):
    """Acts on windows.

    A proposal is published when somebody else has approved it; what begins at once does not wait.
    """

    @act
    def schedule(self, tx: Transaction, new: WindowIn) -> Window:
        """A new window; without a start it runs from now."""
        components.known(tx.session, new.components)
        templates.refuse_open_places(tx.session, new)
        row = Window(reference=new_reference(), created_at=tx.now, created_by=tx.by.actor)
        row.awaits_approval = False
        new.apply(row, now=tx.now)
        row.awaits_approval = self._requires_approval and row.starts_at > tx.now
        tx.add(row)
        tx.done(
            row,
            "maintenance.window.created",
            ref=row.reference,
            title=row.title,
            starts=clock.iso(row.starts_at),
            ends=clock.iso(row.ends_at),
        )
        _notify_of_new(tx, row)
        return row

    @act
    def edit(self, tx: Transaction, ref: str, content: WindowIn) -> Window:
        """Replace a window."""
        row = tx.expect(queries.find(tx.session, ref))
        components.known(tx.session, content.components)
        templates.refuse_open_places(tx.session, content)
        before = (row.starts_at, row.ends_at)
        changed = changed_fields(row, lambda: content.apply(row, now=tx.now))
        tx.done(row, "maintenance.window.changed", ref=row.reference, fields=changed)
        if row.awaits_approval:
            # Whoever wrote it last is not the one to approve it.
            row.created_by = tx.by.actor
        elif {"starts_at", "ends_at", "components"} & set(changed):
            notify(tx.session, row, Event.CHANGED, now=tx.now, before=before)
        return row

    @act
    def undo(self, tx: Transaction, ref: str, times: WindowTimes | None) -> Window:
        """Take the last act back: the times of before, or for a new window that there is none.

        Who was told of the act already is told how it stands now.
        """
        row = tx.expect(queries.find(tx.session, ref))
        before, made_at = (row.starts_at, row.ends_at), row.updated_at
        if times is None:
            row.cancelled_at = tx.now
        else:
            times.restore(row)
        tx.done(row, "maintenance.window.undone", ref=row.reference)
        was_held = notices.withdraw(tx.session, NoticeKind.WINDOW, row.reference, made_at=made_at)
        if not was_held and not row.awaits_approval:
            event = Event.CANCELLED if times is None else Event.CHANGED
            notify(tx.session, row, event, now=tx.now, before=before)
        return row

    @act
    def act(self, tx: Transaction, ref: str, asked: WindowAct) -> Window:
        """Start, extend, end, cancel or approve; RuleError when its status does not allow it."""
        row = tx.expect(queries.find(tx.session, ref))
        if asked.duration is not None and asked.action is not Action.EXTEND:
            raise RuleError("duration", "Only extend accepts a duration.")
        before = (row.starts_at, row.ends_at)
        detail = _act(row, asked, actor=tx.by.actor, now=tx.now)
        tx.done(row, f"maintenance.window.{_PAST[asked.action]}", ref=row.reference, **detail)
        if asked.action is Action.APPROVE:
            _notify_of_new(tx, row)
        elif not row.awaits_approval:
            event = _EVENTS[asked.action]
            # One that was told, undone and is done again is told again.
            is_again = event in _ONCE and notices.was_put(
                tx.session, NoticeKind.WINDOW, event, row.reference
            )
            notify(
                tx.session,
                row,
                event,
                now=tx.now,
                before=before,
                held_until=tx.held_until,
                nth=row.version if is_again else "",
            )
        return row


_EVENTS = {
    Action.START: Event.STARTED,
    Action.EXTEND: Event.EXTENDED,
    Action.END: Event.ENDED,
    Action.CANCEL: Event.CANCELLED,
}
_PAST = {action: event.value for action, event in _EVENTS.items()} | {Action.APPROVE: "approved"}


def _act(row: Window, asked: WindowAct, *, actor: str, now: datetime) -> dict[str, str]:
    """Do it, and give what the audit log tells of it."""
    planned_end = row.ends_at
    match asked.action:
        case Action.START:
            row.start(now=now)
            return {"starts": clock.iso(row.starts_at), "ends": clock.iso(row.ends_at)}
        case Action.EXTEND:
            row.extend(asked.duration, now=now)
            return {"before": clock.iso(planned_end), "after": clock.iso(row.ends_at)}
        case Action.END:
            row.end(now=now)
            return {"ends": clock.iso(row.ends_at)}
        case Action.APPROVE:
            row.approve(actor=actor, now=now)
            return {"author": row.created_by}
        case Action.CANCEL:
            row.cancel(now=now)
            return {}


# What happens to a window once, by whatever hand, or by the clock.
_ONCE = {Event.SCHEDULED, Event.STARTED, Event.ENDED, Event.CANCELLED}


def notify(
    session: Session,
    row: Window,
    event: Event,
    *,
    now: datetime,
    before: Span | None = None,
    held_until: datetime | None = None,
    nth: object = "",
    at: datetime | None = None,
) -> None:
    """Tell subscribers of a window; `before` is when it was to start and end until now."""
    ends_at = row.ended_at or row.ends_at
    if event is Event.ENDED and not nth and row.ends_at != row.first_ends_at:
        # One that was opened again has another end to tell.
        nth = clock.iso(ends_at)
    facts: dict[str, Any] = {
        "startsAt": clock.iso(row.starts_at),
        "endsAt": clock.iso(ends_at),
        "zone": row.zone,
    }
    if row.impact:
        facts["expected"] = row.impact
    if row.effects:
        facts["effects"] = row.effects
    if before is not None and before[0] != row.starts_at:
        facts["previousStartsAt"] = clock.iso(before[0])
    if before is not None and before[1] != ends_at:
        facts["previousEndsAt"] = clock.iso(before[1])
    notices.put(
        session,
        NoticeKind.WINDOW,
        event,
        row.reference,
        notices.Content.of(row),
        facts=facts,
        now=now,
        occurred_at=at,
        held_until=held_until,
        nth=nth if nth or event in _ONCE else row.version,
    )


def _notify_of_new(tx: Transaction, row: Window) -> None:
    status = row.status_at(tx.now)
    if status is WindowStatus.SCHEDULED:
        notify(tx.session, row, Event.SCHEDULED, now=tx.now, held_until=tx.held_until)
    elif status is WindowStatus.ACTIVE:
        notify(tx.session, row, Event.STARTED, now=tx.now, held_until=tx.held_until)
