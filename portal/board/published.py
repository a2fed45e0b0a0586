"""Reading what is published around an instant: the picture, as the database has it."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from portal.board import instants
from portal.board.banners import Banner
from portal.board.history import History
from portal.board.picture import PAST_DAYS, Picture, next_change
from portal.status import announcements, incidents, retrospectives, windows
from portal.status.bounded import BOUNDS, Bounds
from portal.status.terms import Audience, Status
from portal.store import revision

CANCELLED_DAYS = 30


def take(
    session: Session,
    *,
    now: datetime,
    bounds: Bounds = BOUNDS,
    history: History | None = None,
    number: int | None = None,
) -> Picture:
    """Read what is published around `now`; the cost does not grow with history.

    `history` is what the same board found before of days that are over; `number` the revision, if
    the session has just read it.
    """
    # Whole days, so that nothing leaves a picture but when the day turns.
    today = instants.midnight(now)
    since = today - timedelta(days=PAST_DAYS)
    if number is None:
        number = revision.current(session)
    history = history or History()
    found = [
        history.banners.of(row, now=now)
        for row in announcements.for_board(session, since=since, now=now, bounds=bounds)
    ]
    planned, cancelled = windows.for_board(
        session,
        since=since,
        called_off_since=today - timedelta(days=CANCELLED_DAYS),
        now=now,
        bounds=bounds,
    )
    found += [history.banners.of(row, now=now) for row in planned]
    called_off = tuple(history.banners.of(row, now=now) for row in cancelled)
    history.banners.forget_others()
    found = _past_within(found, since=since, bounds=bounds)
    events = incidents.for_board(session, since=since, bounds=bounds)
    ids = [event.id for event in events]
    told = history.incidents.told(
        events,
        incidents.impacts_of(session, ids),
        retrospectives.published(session, ids),
        read=partial(incidents.updates_of, session),
    )
    shown = [one for one, _ in told]
    found += [banner for _, banner in told]
    parts = history.components(session, now=now)
    known_until = {slug: one.until for slug, one in history.known.items()}
    public = {one.slug for one in parts if one.is_public}
    monitors = tuple(one for one in history.monitors if one.component in public)
    dues = [*known_until.values(), *(one.until for one in monitors)]
    return Picture(
        number,
        now,
        next_change(found, parts, shown, now, dues),
        tuple(found),
        tuple(shown),
        parts,
        called_off,
        known_until=known_until,
        monitors=monitors,
    )


def _past_within(found: list[Banner], *, since: datetime, bounds: Bounds) -> list[Banner]:
    """Without what is over and beyond the bounds: the two ways to end were asked for apart."""
    kept = [one for one in found if one.status is not Status.RESOLVED]
    over = [one for one in found if one.status is Status.RESOLVED]
    over.sort(key=lambda one: (one.over_at or since, one.starts_at, one.ref), reverse=True)
    for kind in ("announcement", "window"):
        for is_public in (True, False):
            same = [
                one
                for one in over
                if one.kind == kind and (Audience.PUBLIC in one.audiences) is is_public
            ]
            lately = [one for one in same if one.over_at and one.over_at > since][: bounds.past]
            latest = same[: bounds.latest if is_public and kind == "window" else 0]
            kept += lately if len(lately) > len(latest) else latest
    return kept
