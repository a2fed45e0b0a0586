"""Figures of the board, for the feed and for the snapshot."""

from datetime import datetime, timedelta

from portal import clock
from portal.board.banners import Banner
from portal.board.picture import next_of_each
from portal.board.publish import Board
from portal.runtime.feed import BoardFigures
from portal.runtime.snapshot import Maintenance, RunningWindow
from portal.status.terms import Severity
from portal.status.windows import REOPENS_FOR

# When operators are warned that a window ends.
ENDS_SOON = timedelta(minutes=10)


def for_feed(board: Board) -> BoardFigures:
    """What the metrics tell of the board that is held now."""
    answers = board.current()
    active = answers.picture.active if answers else ()
    return BoardFigures(
        windows_active=sum(one.kind == "window" for one in active),
        incidents_open=sum(one.severity is Severity.INCIDENT for one in active),
        revision=board.revision,
        age_seconds=board.age_seconds,
        components={
            one.slug: one.state.rank for one in (answers.picture.components if answers else ())
        },
    )


def maintenance(board: Board) -> Maintenance | None:
    """What the snapshot tells of the board; None before there is one."""
    answers = board.current()
    if answers is None:
        return None
    picture, now = answers.picture, clock.now()
    windows = [one for one in picture.banners if one.kind == "window"]
    return Maintenance(
        active=sorted(
            (_window(one, now=now) for one in windows if one.status == "active"),
            key=lambda one: one.ends_at,
        ),
        upcoming=[
            _window(one, now=now)
            for one in next_of_each(one for one in windows if one.status == "scheduled")
        ],
        announcements_active=sum(
            one.kind == "announcement" and one.status == "active" for one in picture.banners
        ),
        revision=picture.revision,
        board_age_seconds=round(board.age_seconds, 1),
        just_ended=[_window(one, now=now) for one in windows if _ran_out_lately(one, now)],
    )


def _ran_out_lately(banner: Banner, now: datetime) -> bool:
    """As `Window.ran_out_lately` has it; nobody ended it, its time was over."""
    return (
        banner.resolved_at is None
        and banner.ends_at is not None
        and timedelta() <= now - banner.ends_at <= REOPENS_FOR
    )


def _window(banner: Banner, *, now: datetime) -> RunningWindow:
    assert banner.ends_at is not None
    return RunningWindow(
        reference=banner.ref,
        title=banner.title,
        zone=banner.zone,
        starts_at=banner.starts_at,
        ends_at=banner.ends_at,
        version=banner.version,
        ends_soon=banner.status == "active" and banner.ends_at - now <= ENDS_SOON,
    )
