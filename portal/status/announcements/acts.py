"""What operators do with announcements; each act tells subscribers in its own transaction."""

from datetime import datetime

from sqlalchemy.orm import Session

from portal import clock
from portal.errors import RuleError
from portal.status import notices, templates
from portal.status.announcements import queries
from portal.status.announcements.announcement import Announcement
from portal.status.announcements.schemas import AnnouncementIn, AnnouncementTimes, StatusChange
from portal.status.notices import SENT, Event, NoticeKind
from portal.status.terms import Status
from portal.unit_of_work import Acts, Transaction, act, changed_fields


class Announcements(Acts):
    """Acts on announcements."""

    @act
    def create(self, tx: Transaction, new: AnnouncementIn) -> Announcement:
        """A new announcement; RuleError when its times or slug cannot be."""
        slug = new.slug or queries.free_slug(tx.session, new.title)
        if queries.find(tx.session, slug) is not None or slug.isdigit():
            raise RuleError("slug", "This slug is taken or is a number. Choose another one.")
        row = Announcement(slug=slug, created_at=tx.now)
        new.apply(row, now=tx.now)
        _refuse_open_places(tx, row)
        tx.add(row)
        tx.done(row, "announcement.created", ref=slug, severity=row.severity, title=row.title)
        if row.status_at(tx.now) is Status.ACTIVE:
            notify(tx.session, row, Event.PUBLISHED, now=tx.now, held_until=tx.held_until)
        return row

    @act
    def edit(self, tx: Transaction, ref: str, content: AnnouncementIn) -> Announcement:
        """Replace an announcement's content; its slug stays."""
        row = tx.expect(queries.find(tx.session, ref))
        if content.slug not in (None, row.slug):
            raise RuleError("slug", "A slug cannot be changed.")
        before = row.status_at(tx.now)
        changed = changed_fields(row, lambda: content.apply(row, now=tx.now))
        _refuse_open_places(tx, row)
        tx.done(row, "announcement.changed", ref=row.slug, fields=changed)
        _notify_of_change(tx, row, before, changed)
        return row

    @act
    def set_status(self, tx: Transaction, ref: str, asked: StatusChange) -> Announcement:
        """Publish an announcement, make it a draft again, or resolve it."""
        row = tx.expect(queries.find(tx.session, ref))
        before = row.status_at(tx.now)
        row.set_status(asked.status, ends_at=asked.ends_at, now=tx.now)
        _refuse_open_places(tx, row)
        tx.done(
            row,
            "announcement.status.changed",
            ref=row.slug,
            before=before.value,
            after=asked.status.value,
        )
        _notify_of_change(tx, row, before, [])
        return row

    @act
    def undo(self, tx: Transaction, ref: str, times: AnnouncementTimes) -> Announcement:
        """Take the last change of its status back; who was told already is told how it stands."""
        row = tx.expect(queries.find(tx.session, ref))
        before, made_at = row.status_at(tx.now), row.updated_at
        times.restore(row)
        tx.done(row, "announcement.undone", ref=row.slug, after=row.status_at(tx.now).value)
        if not notices.withdraw(tx.session, NoticeKind.ANNOUNCEMENT, row.slug, made_at=made_at):
            _notify_of_change(tx, row, before, [], is_undo=True)
        return row


def _refuse_open_places(tx: Transaction, row: Announcement) -> None:
    """A draft may wait for somebody to fill them in."""
    if not row.is_draft:
        templates.refuse_open_places(tx.session, row)


def notify(
    session: Session,
    row: Announcement,
    event: Event,
    *,
    now: datetime,
    at: datetime | None = None,
    held_until: datetime | None = None,
    nth: object = "",
) -> None:
    """Tell subscribers of an announcement that people can see."""
    facts = {"severity": row.severity}
    if row.ends_at and event is not Event.RESOLVED:
        facts["endsAt"] = clock.iso(row.ends_at)
    notices.put(
        session,
        NoticeKind.ANNOUNCEMENT,
        event,
        row.slug,
        notices.Content.of(row, components=[]),
        facts=facts,
        now=now,
        occurred_at=at,
        held_until=held_until,
        nth=row.version if event is Event.CHANGED else nth,
    )
    if event is not Event.RESOLVED and set(row.channels) & set(SENT):
        row.last_broadcast_at = now


def _notify_of_change(
    tx: Transaction, row: Announcement, before: Status, changed: list[str], *, is_undo: bool = False
) -> None:
    """Published, changed in what it says, or resolved; a draft is nobody's to know.

    One that is published a second time is told once. That it is there again is told when somebody
    heard of its end, which was undone.
    """
    after = row.status_at(tx.now)
    if after is Status.ACTIVE and before is not Status.ACTIVE:
        _notify(tx, row, Event.PUBLISHED, is_again=is_undo and before is Status.RESOLVED)
    elif after is Status.ACTIVE and {"title", "message", "severity"} & set(changed):
        notify(tx.session, row, Event.CHANGED, now=tx.now)
    elif after is Status.RESOLVED and before is Status.ACTIVE:
        # It is resolved a second time only after an undo.
        _notify(tx, row, Event.RESOLVED, is_again=True)


def _notify(tx: Transaction, row: Announcement, event: Event, *, is_again: bool) -> None:
    """Tell it; with `is_again` also where it was told before."""
    was_told = notices.was_put(tx.session, NoticeKind.ANNOUNCEMENT, event, row.slug)
    notify(
        tx.session,
        row,
        event,
        now=tx.now,
        held_until=tx.held_until,
        nth=row.version if is_again and was_told else "",
    )
