"""What operators do with series."""

from sqlalchemy import select

from portal import clock
from portal.errors import RuleError
from portal.status import components, notices, templates
from portal.status.notices import Event, NoticeKind
from portal.status.series import queries
from portal.status.series.schemas import SeriesIn
from portal.status.series.series import WindowSeries, plan
from portal.status.windows import ScheduleActs, Window, WindowStatus
from portal.unit_of_work import By, Transaction, act


class Series(ScheduleActs):
    """Acts on series; a proposed one has no windows until somebody else has approved it."""

    @act
    def create(self, tx: Transaction, new: SeriesIn) -> WindowSeries:
        """A recurring window, with its windows of the next two months."""
        new.check(now=tx.now)
        components.known(tx.session, new.components)
        templates.refuse_open_places(tx.session, new)
        row = tx.add(new.row(actor=tx.by.actor, now=tx.now))
        row.awaits_approval = self._requires_approval
        tx.session.flush()
        made = [] if row.awaits_approval else plan(tx.session, row, now=tx.now)
        tx.done(
            row,
            "maintenance.series.created",
            ref=row.reference,
            title=row.title,
            rule=row.rule,
            zone=row.zone,
            windows=_references(made),
        )
        if not row.awaits_approval:
            _notify(tx, row, Event.SCHEDULED, made)
        return row

    @act
    def approve(self, tx: Transaction, ref: str) -> WindowSeries:
        """Make the windows of a proposed series; RuleError for whoever proposed it."""
        row = tx.expect(queries.find(tx.session, ref))
        if row.cancelled_at is not None or not row.awaits_approval:
            raise RuleError("action", "Only a proposed series can be approved.")
        row.approve_as(tx.by.actor)
        row.planned_until = tx.now
        made = plan(tx.session, row, now=tx.now)
        tx.done(
            row,
            "maintenance.series.approved",
            ref=row.reference,
            author=row.created_by,
            windows=_references(made),
        )
        _notify(tx, row, Event.SCHEDULED, made)
        return row

    @act
    def cancel(self, tx: Transaction, ref: str) -> WindowSeries:
        """Call off a series and all of its windows that have not begun."""
        row = tx.expect(queries.find(tx.session, ref))
        if row.cancelled_at is not None:
            raise RuleError("action", "This series is already cancelled.")
        row.cancelled_at = tx.now
        ahead = tx.session.scalars(
            select(Window).where(Window.series_id == row.id, Window.starts_at > tx.now)
        ).all()
        cancelled = [one for one in ahead if one.status_at(tx.now) is WindowStatus.SCHEDULED]
        for one in cancelled:
            one.cancel(now=tx.now)
            tx.count(one)
        tx.done(
            row, "maintenance.series.cancelled", ref=row.reference, windows=_references(cancelled)
        )
        if not row.awaits_approval:
            _notify(tx, row, Event.CANCELLED, cancelled)
        return row

    def plan_ahead(self, by: By) -> int:
        """Make the windows of all series that are missing for two months; how many were made."""
        with self.open_session() as session:
            if not queries.due(session, now=clock.now()):
                return 0
        return self._plan(by)

    @act
    def _plan(self, tx: Transaction) -> int:
        count = 0
        for row in queries.due(tx.session, now=tx.now):
            made = plan(tx.session, row, now=tx.now)
            count += len(made)
            if made:
                tx.audit("maintenance.series.planned", ref=row.reference, windows=_references(made))
        return count


def _references(windows: list[Window]) -> list[str]:
    return [one.reference for one in windows]


def _notify(tx: Transaction, row: WindowSeries, event: Event, windows: list[Window]) -> None:
    """Tell subscribers that a series was planned or called off, with the windows it touches."""
    facts = {
        "rule": row.rule,
        "zone": row.zone,
        "windows": [
            {"startsAt": clock.iso(one.starts_at), "endsAt": clock.iso(one.ends_at)}
            for one in sorted(windows, key=lambda one: one.starts_at)[:5]
        ],
    }
    notices.put(
        tx.session,
        NoticeKind.SERIES,
        event,
        row.reference,
        notices.Content.of(row),
        facts=facts,
        now=tx.now,
    )
