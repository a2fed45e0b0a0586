"""What becomes due by the clock: starts, ends, reminders, updates that were promised, alerts.

Each of these is told once, whoever looks, however often, and after a time in which nobody looked
only what still matters: of a window that came and went, that it is over.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.durations import spoken
from portal.notify import outbox
from portal.runtime import episodes
from portal.runtime.episode import Episode
from portal.settings import Settings
from portal.status import announcements, notices, windows
from portal.status.announcements import Announcement
from portal.status.incidents import Incident
from portal.status.notices import NEWS, Event, Notice, NoticeKind
from portal.status.terms import Status
from portal.status.windows import Window, WindowStatus

Act = Callable[[], None]


def due(session: Session, settings: Settings, *, now: datetime) -> list[Act]:
    """What is to be told now, as acts on the session."""
    return [
        *_windows(session, now),
        *_reminders(session, settings.reminders, now),
        *_announcements(session, now),
        *_updates(session, now),
        *_alerts(session, settings, now),
    ]


def silence(session: Session, settings: Settings, *, now: datetime) -> int:
    """Tell nothing of what is waiting or due now; how many deliveries that drops.

    For a database that was put back: what it has as waiting has most likely been told since.
    """
    for act in due(session, settings, now=now):
        act()
    return outbox.drop_all(session, "the database was put back from a backup", now=now)


def _told(
    session: Session, kind: NoticeKind, refs: Iterable[str], *events: Event
) -> dict[tuple[str, str], datetime]:
    """Which of these were told, by reference and event; with when that had happened last."""
    rows = session.execute(
        select(Notice.ref, Notice.event, func.max(Notice.occurred_at).label("at"))
        .where(Notice.kind == kind, Notice.ref.in_(list(refs)), Notice.event.in_(list(events)))
        .group_by(Notice.ref, Notice.event)
    )
    return {(row.ref, row.event): row.at for row in rows}


def _windows(session: Session, now: datetime) -> Iterator[Act]:
    rows = session.scalars(
        select(Window).where(
            Window.starts_at <= now, Window.ends_at > now - NEWS, windows.is_published()
        )
    ).all()
    told = _told(
        session, NoticeKind.WINDOW, [row.reference for row in rows], Event.STARTED, Event.ENDED
    )
    for row in rows:
        is_over = row.status_at(now) is WindowStatus.ENDED
        event = Event.ENDED if is_over else Event.STARTED
        at = (row.ended_at or row.ends_at) if is_over else row.starts_at
        before = told.get((row.reference, event))
        # What was told before an undo, or before it was opened again, is not the one of now.
        is_told = before is not None and before >= at
        if not is_told and at > now - NEWS:
            nth = clock.iso(at) if before is not None else ""
            yield partial(windows.notify, session, row, event, now=now, at=at, nth=nth)


def _reminders(session: Session, ahead: tuple[timedelta, ...], now: datetime) -> Iterator[Act]:
    if not ahead:
        return
    rows = session.scalars(
        select(Window).where(
            Window.starts_at > now, Window.starts_at <= now + max(ahead), windows.is_published()
        )
    )
    for row in rows:
        # Of several that have passed only the latest is still of use.
        passed = [one for one in ahead if row.starts_at - one <= now]
        if not passed or row.created_at > row.starts_at - min(passed):
            continue
        nth = f"{clock.iso(row.starts_at)} {int(min(passed).total_seconds())}"
        if not notices.was_put(session, NoticeKind.WINDOW, Event.REMINDER, row.reference, nth):
            yield partial(windows.notify, session, row, Event.REMINDER, now=now, nth=nth)


def _announcements(session: Session, now: datetime) -> Iterator[Act]:
    rows = session.scalars(
        select(Announcement).where(
            Announcement.is_draft.is_(False),
            Announcement.starts_at <= now,
            Announcement.starts_at > now - NEWS,
            Announcement.resolved_at.is_(None),
        )
    ).all()
    told = _told(
        session, NoticeKind.ANNOUNCEMENT, [row.slug for row in rows], Event.PUBLISHED, Event.CHANGED
    )
    known = {ref for ref, _ in told}
    for row in rows:
        if row.status_at(now) is Status.ACTIVE and row.slug not in known:
            yield partial(
                announcements.notify, session, row, Event.PUBLISHED, now=now, at=row.starts_at
            )


def _updates(session: Session, now: datetime) -> Iterator[Act]:
    rows = session.scalars(
        select(Incident).where(Incident.resolved_at.is_(None), Incident.next_update_at <= now)
    )
    for row in rows:
        assert row.next_update_at is not None
        nth = clock.iso(row.next_update_at)
        if not notices.was_put(session, NoticeKind.ALERT, Event.UPDATE_DUE, row.reference, nth):
            yield partial(
                notices.for_operators,
                session,
                Event.UPDATE_DUE,
                row.reference,
                title=f"{row.reference} {row.title}",
                message=f"The next update was promised for {row.next_update_at:%H:%M} UTC.",
                link=f"/panel/incidents/{row.reference}",
                nth=nth,
                now=now,
            )


def _alerts(session: Session, settings: Settings, now: datetime) -> Iterator[Act]:
    told = session.execute(
        select(Notice.ref, Notice.event).where(
            Notice.kind == NoticeKind.ALERT, Notice.event.in_([Event.LASTS, Event.RECOVERED])
        )
    ).all()
    lasting = {ref for ref, event in told if event == Event.LASTS}
    over = {ref for ref, event in told if event == Event.RECOVERED}
    for row in episodes.lasting(session, settings.sustained_after, now=now):
        if _ref(row) not in lasting:
            yield partial(
                notices.for_operators,
                session,
                Event.LASTS,
                _ref(row),
                title=_title(row),
                message=f"It holds since {row.opened_at:%H:%M} UTC:"
                f" {row.value:g} {row.unit} (limit {row.threshold:g})."
                " The panel offers to tell the public.",
                link="/panel",
                now=now,
            )
    numbers = [int(ref.removeprefix("episode-")) for ref in lasting - over]
    ended = session.scalars(
        select(Episode).where(Episode.id.in_(numbers), Episode.closed_at > now - NEWS)
    )
    for row in ended:
        assert row.closed_at is not None
        gap = spoken((row.closed_at - row.opened_at).total_seconds())
        yield partial(
            notices.for_operators,
            session,
            Event.RECOVERED,
            _ref(row),
            title=_title(row),
            message=f"It held for {gap}, until {row.closed_at:%H:%M} UTC.",
            link="/panel",
            now=now,
        )


def _ref(row: Episode) -> str:
    return f"episode-{row.id}"


def _title(row: Episode) -> str:
    return f"{row.title}: {row.subject}" if row.subject else row.title
