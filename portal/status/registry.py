"""The only writer of announcements, windows, series and templates.

Each act is one transaction: the change, its audit event, what must be told about it, and the
revision; when it is committed, `on_change` rebuilds this process's board at once.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import chain
from portal.status import announcements, components, freezes, notices, series, templates, windows
from portal.status.announcements import Announcement, AnnouncementIn, StatusChange
from portal.status.freezes import Freeze, FreezeIn
from portal.status.notices import Event
from portal.status.replies import KeptReply
from portal.status.series import SeriesIn, WindowSeries
from portal.status.templates import MessageTemplate, TemplateIn
from portal.status.terms import RuleError, Status
from portal.status.windows import Action, Window, WindowAct, WindowIn, WindowStatus
from portal.store.revision import Writer
from portal.store.trouble import retried


class NotFoundError(LookupError):
    """There is nothing of that reference."""


class StaleVersionError(Exception):
    """Someone else changed it; `current` is what it is now."""

    def __init__(self, current: Any) -> None:
        super().__init__("changed by someone else")
        self.current = current


class ReusedKeyError(Exception):
    """An idempotency key came again with another request."""


@dataclass(frozen=True)
class Once:
    """An idempotency key with the request it came with; `render` makes the answer to keep."""

    key: str
    request: bytes
    render: Callable[[Any], dict[str, Any]]

    def keep(self, session: Session, row: Any, now: datetime) -> None:
        """Store the answer in the transaction of the act, so that only one of two can commit."""
        session.add(
            KeptReply(
                key=_hash(self.key.encode()),
                request_hash=_hash(self.request),
                created_at=now,
                body=self.render(row),
                version=row.version,
            )
        )


class Registry(Writer):
    """Announcements, windows, series, freezes and templates.

    With `wants_approval`, what is planned is a proposal until somebody else has approved it; what
    begins at once does not wait.
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        on_change: Callable[[], None],
        *,
        wants_approval: bool = False,
    ) -> None:
        super().__init__(open_session, on_change)
        self._wants_approval = wants_approval

    @retried
    def announce(
        self, wish: AnnouncementIn, *, actor: str, once: Once | None = None
    ) -> Announcement:
        """A new announcement; RuleError when its times or slug cannot be."""
        with self._change() as (session, now):
            slug = wish.slug or announcements.free_slug(session, wish.title)
            if announcements.find(session, slug) is not None or slug.isdigit():
                raise RuleError("slug", "This slug is taken, or is a number; choose another.")
            row = Announcement(slug=slug, created_at=now, updated_at=now, version=1)
            announcements.apply(row, wish, now=now)
            session.add(row)
            session.flush()
            chain.append(
                session,
                "announcement.created",
                actor=actor,
                at=now,
                ref=slug,
                severity=row.severity,
                title=row.title,
            )
            if row.status_at(now) is Status.ACTIVE:
                notices.of_announcement(session, row, Event.PUBLISHED, now=now)
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def edit_announcement(
        self,
        ref: str,
        wish: AnnouncementIn,
        *,
        version: int | None,
        actor: str,
        once: Once | None = None,
    ) -> Announcement:
        """Replace an announcement's content; its slug stays."""
        with self._change() as (session, now):
            row = expect(announcements.find(session, ref), version)
            if wish.slug not in (None, row.slug):
                raise RuleError("slug", "A slug stays once it is given.")
            before = row.status_at(now)
            changed = _changed_fields(row, lambda: announcements.apply(row, wish, now=now))
            _bump(row, now)
            _tell_of_announcement(session, row, before, changed, now)
            chain.append(
                session, "announcement.changed", actor=actor, at=now, ref=row.slug, fields=changed
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def set_status(
        self,
        ref: str,
        wish: StatusChange,
        *,
        version: int | None,
        actor: str,
        once: Once | None = None,
    ) -> Announcement:
        """Publish, take back or resolve; resolving keeps `ends_at`."""
        with self._change() as (session, now):
            row = expect(announcements.find(session, ref), version)
            before = row.status_at(now)
            if before is Status.RESOLVED:
                raise RuleError("status", "This announcement is resolved; make a new one.")
            if wish.status is Status.RESOLVED:
                if wish.ends_at is not None:
                    raise RuleError("endsAt", "Resolving keeps the planned end.")
                row.resolved_at = now
            else:
                ends_at = wish.ends_at or row.ends_at
                starts_at = row.starts_at
                if wish.status is Status.ACTIVE:
                    starts_at = min(starts_at, now)
                announcements.check_times(wish.status, starts_at, ends_at, before=before, now=now)
                row.starts_at, row.ends_at = starts_at, ends_at
                row.is_draft = wish.status is Status.DRAFT
                if not row.is_draft:
                    row.published_at = row.published_at or now
            _bump(row, now)
            _tell_of_announcement(session, row, before, [], now)
            chain.append(
                session,
                "announcement.status.changed",
                actor=actor,
                at=now,
                ref=row.slug,
                before=before.value,
                after=wish.status.value,
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def open_window(self, wish: WindowIn, *, actor: str, once: Once | None = None) -> Window:
        """A new window; without a start it runs from now."""
        with self._change() as (session, now):
            components.known(session, wish.components)
            row = Window(
                reference=windows.new_reference(),
                created_at=now,
                updated_at=now,
                version=1,
                created_by=actor,
                awaits_approval=False,
            )
            windows.apply(row, wish, now=now)
            row.awaits_approval = self._wants_approval and row.starts_at > now
            session.add(row)
            session.flush()
            chain.append(
                session,
                "maintenance.window.created",
                actor=actor,
                at=now,
                ref=row.reference,
                title=row.title,
                starts=clock.iso(row.starts_at),
                ends=clock.iso(row.ends_at),
            )
            _tell_of_new_window(session, row, now)
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def edit_window(
        self, ref: str, wish: WindowIn, *, version: int | None, actor: str, once: Once | None = None
    ) -> Window:
        """Replace a window's content."""
        with self._change() as (session, now):
            row = expect(windows.find(session, ref), version)
            components.known(session, wish.components)
            span = (row.starts_at, row.ends_at)
            changed = _changed_fields(row, lambda: windows.apply(row, wish, now=now))
            _bump(row, now)
            if row.awaits_approval:
                # Whoever wrote it last is not the one to look at it.
                row.created_by = actor
            elif {"starts_at", "ends_at", "components"} & set(changed):
                notices.of_window(session, row, Event.CHANGED, now=now, before=span)
            chain.append(
                session,
                "maintenance.window.changed",
                actor=actor,
                at=now,
                ref=row.reference,
                fields=changed,
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def act_on_window(
        self, ref: str, act: WindowAct, *, version: int | None, actor: str, once: Once | None = None
    ) -> Window:
        """Start, extend, end or cancel; RuleError when its status does not allow it."""
        with self._change() as (session, now):
            row = expect(windows.find(session, ref), version)
            if act.duration is not None and act.action is not Action.EXTEND:
                raise RuleError("duration", "Only extend takes a duration.")
            span = (row.starts_at, row.ends_at)
            detail: dict[str, object] = {"ref": row.reference}
            if act.action is Action.START:
                row.start(now=now)
                detail |= {"starts": clock.iso(row.starts_at), "ends": clock.iso(row.ends_at)}
            elif act.action is Action.EXTEND:
                row.extend(act.duration, now=now)
                detail |= {"before": clock.iso(span[1]), "after": clock.iso(row.ends_at)}
            elif act.action is Action.END:
                row.end(now=now)
                detail |= {"ends": clock.iso(row.ends_at)}
            elif act.action is Action.APPROVE:
                row.approve(actor=actor, now=now)
                detail |= {"author": row.created_by}
            else:
                row.cancel(now=now)
            _bump(row, now)
            chain.append(
                session, f"maintenance.window.{_PAST[act.action]}", actor=actor, at=now, **detail
            )
            if act.action is Action.APPROVE:
                _tell_of_new_window(session, row, now)
            elif not row.awaits_approval:
                notices.of_window(session, row, _EVENTS[act.action], now=now, before=span)
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def open_series(self, wish: SeriesIn, *, actor: str, once: Once | None = None) -> WindowSeries:
        """A window that comes again, with its windows of the next two months."""
        with self._change() as (session, now):
            series.check(wish, now=now)
            components.known(session, wish.components)
            row = series.new(wish, actor=actor, now=now)
            row.awaits_approval = self._wants_approval
            session.add(row)
            session.flush()
            made = [] if row.awaits_approval else series.plan(session, row, now=now)
            chain.append(
                session,
                "maintenance.series.created",
                actor=actor,
                at=now,
                ref=row.reference,
                title=row.title,
                rule=row.rule,
                zone=row.zone,
                windows=[one.reference for one in made],
            )
            if not row.awaits_approval:
                notices.of_series(session, row, Event.SCHEDULED, made, now=now)
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row

    @retried
    def approve_series(
        self, ref: str, *, version: int | None, actor: str, once: Once | None = None
    ) -> WindowSeries:
        """Make the windows of a proposed series; RuleError for whoever proposed it."""
        with self._change() as (session, now):
            row = expect(series.find(session, ref), version)
            if row.cancelled_at is not None or not row.awaits_approval:
                raise RuleError("action", "Only a series that is proposed can be approved.")
            windows.check_approval(row, actor=actor)
            row.planned_until = now
            made = series.plan(session, row, now=now)
            _bump(row, now)
            chain.append(
                session,
                "maintenance.series.approved",
                actor=actor,
                at=now,
                ref=row.reference,
                author=row.created_by,
                windows=[one.reference for one in made],
            )
            notices.of_series(session, row, Event.SCHEDULED, made, now=now)
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row

    @retried
    def cancel_series(
        self, ref: str, *, version: int | None, actor: str, once: Once | None = None
    ) -> WindowSeries:
        """Call off a series and all of its windows that have not begun."""
        with self._change() as (session, now):
            row = expect(series.find(session, ref), version)
            if row.cancelled_at is not None:
                raise RuleError("action", "This series was cancelled already.")
            row.cancelled_at = now
            ahead = session.scalars(
                select(Window).where(Window.series_id == row.id, Window.starts_at > now)
            ).all()
            gone = [one for one in ahead if one.status_at(now) is WindowStatus.SCHEDULED]
            for one in gone:
                one.cancel(now=now)
                _bump(one, now)
            _bump(row, now)
            chain.append(
                session,
                "maintenance.series.cancelled",
                actor=actor,
                at=now,
                ref=row.reference,
                windows=[one.reference for one in gone],
            )
            if not row.awaits_approval:
                notices.of_series(session, row, Event.CANCELLED, list(gone), now=now)
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row

    def plan_ahead(self, *, actor: str) -> int:
        """Make the windows of all series that are missing for two months; how many were made."""
        with self.open_session() as session:
            if not series.due(session, now=clock.now()):
                return 0
        return self._plan(actor)

    @retried
    def _plan(self, actor: str) -> int:
        count = 0
        with self._change() as (session, now):
            for row in series.due(session, now=now):
                made = series.plan(session, row, now=now)
                count += len(made)
                if made:
                    chain.append(
                        session,
                        "maintenance.series.planned",
                        actor=actor,
                        at=now,
                        ref=row.reference,
                        windows=[one.reference for one in made],
                    )
        return count

    @retried
    def add_freeze(self, wish: FreezeIn, *, actor: str, once: Once | None = None) -> Freeze:
        """A time in which nothing should be planned."""
        with self._change() as (session, now):
            row = freezes.new(wish, now=now)
            session.add(row)
            session.flush()
            chain.append(
                session,
                "maintenance.freeze.added",
                actor=actor,
                at=now,
                freeze=row.id,
                title=row.title,
                starts=clock.iso(row.starts_at),
                ends=clock.iso(row.ends_at),
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def remove_freeze(self, number: int, *, actor: str) -> None:
        """Take a freeze out of the calendar; NotFoundError when there is none."""
        with self._change() as (session, now):
            row = session.get(Freeze, number)
            if row is None:
                raise NotFoundError
            chain.append(
                session,
                "maintenance.freeze.removed",
                actor=actor,
                at=now,
                freeze=row.id,
                title=row.title,
            )
            session.delete(row)

    @retried
    def keep_template(
        self, wish: TemplateIn, *, version: int | None, actor: str, once: Once | None = None
    ) -> MessageTemplate:
        """Add or replace a message template."""
        templates.check(wish)
        with self._change() as (session, now):
            row = session.get(MessageTemplate, wish.name)
            if row is None:
                row = MessageTemplate(name=wish.name, version=0)
                session.add(row)
            elif version is not None and version != row.version:
                raise StaleVersionError(row)
            row.title, row.message = wish.title, wish.message
            _bump(row, now)
            chain.append(
                session, "maintenance.template.changed", actor=actor, at=now, name=wish.name
            )
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row

    def kept_reply(self, key: str, request: bytes) -> KeptReply | None:
        """The answer this key was given before; ReusedKeyError when the request differs."""
        with self.open_session() as session:
            reply = session.get(KeptReply, _hash(key.encode()))
            if reply is None:
                return None
            if reply.request_hash != _hash(request):
                raise ReusedKeyError
            session.expunge(reply)
            return reply


class Versioned(Protocol):
    version: int


Row = TypeVar("Row", bound=Versioned)

_EVENTS = {
    Action.START: Event.STARTED,
    Action.EXTEND: Event.EXTENDED,
    Action.END: Event.ENDED,
    Action.CANCEL: Event.CANCELLED,
}
_PAST = {action: event.value for action, event in _EVENTS.items()} | {Action.APPROVE: "approved"}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def expect(row: Row | None, version: int | None) -> Row:
    """The row; NotFoundError without one, StaleVersionError when it is not of that version."""
    if row is None:
        raise NotFoundError
    if version is not None and version != row.version:
        raise StaleVersionError(row)
    return row


def _bump(row: Announcement | Window | WindowSeries | MessageTemplate, now: datetime) -> None:
    row.version += 1
    row.updated_at = now


def _changed_fields(row: Announcement | Window, change: Callable[[], None]) -> list[str]:
    columns = [column.key for column in row.__table__.columns]
    before = {name: getattr(row, name) for name in columns}
    change()
    return [name for name in columns if getattr(row, name) != before[name]]


def _tell_of_new_window(session: Session, row: Window, now: datetime) -> None:
    status = row.status_at(now)
    if status is WindowStatus.SCHEDULED:
        notices.of_window(session, row, Event.SCHEDULED, now=now)
    elif status is WindowStatus.ACTIVE:
        notices.of_window(session, row, Event.STARTED, now=now)


def _tell_of_announcement(
    session: Session, row: Announcement, before: Status, changed: list[str], now: datetime
) -> None:
    """Published, changed in what it says, or resolved; a draft is nobody's to know."""
    after = row.status_at(now)
    if after is Status.ACTIVE and before is not Status.ACTIVE:
        notices.of_announcement(session, row, Event.PUBLISHED, now=now)
    elif after is Status.ACTIVE and {"title", "message", "severity"} & set(changed):
        notices.of_announcement(session, row, Event.CHANGED, now=now)
    elif after is Status.RESOLVED and before is Status.ACTIVE:
        notices.of_announcement(session, row, Event.RESOLVED, now=now)
