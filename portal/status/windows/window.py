"""The row of a window and its rules, with `now` as an argument."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from portal import durations
from portal.errors import RuleError
from portal.status.terms import Status, check_start_and_end, derive_status
from portal.status.translations import Texts
from portal.store.base import Base

# How long after its planned end a window can still be put on: whoever extends is often late.
REOPENS_FOR = timedelta(minutes=15)
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


class WindowStatus(StrEnum):
    # Waits for somebody else's approval; nobody but operators knows of it.
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Preparation:
    """What operators think of beforehand; `impact` is for everyone, the rest stays inside."""

    owner: Mapped[str] = mapped_column(String(120), server_default="")
    impact: Mapped[str] = mapped_column(String(500), server_default="")
    rollback_plan: Mapped[str] = mapped_column(Text, server_default="")
    # Of components that are not simply under maintenance: what is left of them.
    effects: Mapped[dict[str, str]] = mapped_column(JSON, server_default=text("'{}'"))
    created_by: Mapped[str] = mapped_column(String(120), server_default="")
    awaits_approval: Mapped[bool] = mapped_column(server_default=false())
    approved_by: Mapped[str | None] = mapped_column(String(120))

    def approve_as(self, actor: str) -> None:
        """Approve; RuleError for whoever wrote it last."""
        if self.created_by == actor:
            raise RuleError("action", "You proposed this. Someone else must approve it.")
        self.awaits_approval, self.approved_by = False, actor


class Window(Preparation, Base):
    """One planned maintenance. `ends_at` is when it was to end, `ended_at` when it did."""

    __tablename__ = "window"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    message: Mapped[str] = mapped_column(Text)
    # By language, what there is of title and message.
    translations: Mapped[Texts] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    zone: Mapped[str] = mapped_column(String(64))
    audiences: Mapped[list[str]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    components: Mapped[list[str]] = mapped_column(JSON, server_default=text("'[]'"))
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)
    first_ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    cancelled_at: Mapped[datetime | None]
    # Of a series: which one it is, by its local time.
    series_id: Mapped[int | None] = mapped_column(ForeignKey("window_series.id"))
    occurrence: Mapped[str | None] = mapped_column(String(19))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("series_id", "occurrence"),
        # Few are proposed, and each list of windows has them by their start.
        Index(
            "ix_window_proposed_starts_at",
            "starts_at",
            sqlite_where=text("awaits_approval = 1"),
            postgresql_where=text("awaits_approval"),
        ),
        # Few are called off, and the page names those of the last days.
        Index(
            "ix_window_cancelled_at",
            "cancelled_at",
            sqlite_where=text("cancelled_at IS NOT NULL"),
            postgresql_where=text("cancelled_at IS NOT NULL"),
        ),
    )

    def status_at(self, now: datetime) -> WindowStatus:
        if self.cancelled_at is not None and self.cancelled_at <= now:
            return WindowStatus.CANCELLED
        if self.awaits_approval:
            return WindowStatus.PROPOSED
        status = derive_status(
            is_draft=False,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            ended_at=self.ended_at,
            now=now,
        )
        return {Status.SCHEDULED: WindowStatus.SCHEDULED, Status.ACTIVE: WindowStatus.ACTIVE}.get(
            status, WindowStatus.ENDED
        )

    def start(self, *, now: datetime) -> None:
        """Begin before its time; its length stays."""
        self._require("started", now, WindowStatus.SCHEDULED)
        length = self.ends_at - self.starts_at
        self.starts_at, self.ends_at = now, now + length
        self.first_ends_at = self.ends_at

    def ran_out_lately(self, now: datetime) -> bool:
        """Whether its planned end has passed, so lately that it can still be extended."""
        return (
            self.status_at(now) is WindowStatus.ENDED
            and self.ended_at is None
            and now - self.ends_at <= REOPENS_FOR
        )

    def extend(self, by_text: str | None, *, now: datetime) -> None:
        """Put the end off; the first end stays on record.

        One whose end has just passed is opened again, and goes on from now.
        """
        if not self.ran_out_lately(now):
            if self.status_at(now) is WindowStatus.ENDED and self.ended_at is None:
                raise RuleError(
                    "action",
                    "Ended windows cannot be extended more than 15 minutes after their end. This"
                    f" one ended at {self.ends_at:%H:%M} UTC. Schedule a new one.",
                )
            self._require("extended", now, WindowStatus.ACTIVE, WindowStatus.SCHEDULED)
        if not by_text:
            raise RuleError("duration", "Give a duration, such as 30m.")
        try:
            ends_at = max(self.ends_at, now) + durations.parse(by_text)
        except (ValueError, OverflowError):
            raise RuleError("duration", "Write a duration such as 15m or 1h30m.") from None
        check_start_and_end(self.starts_at, ends_at, now=now)
        self.ends_at = ends_at

    def end(self, *, now: datetime) -> None:
        """End a running window now; when it was to end stays on record."""
        self._require("ended", now, WindowStatus.ACTIVE)
        self.ended_at = now

    def cancel(self, *, now: datetime) -> None:
        """Call off a window that has not begun, or that nobody approved."""
        self._require("cancelled", now, WindowStatus.SCHEDULED, WindowStatus.PROPOSED)
        self.cancelled_at = now

    def approve(self, *, actor: str, now: datetime) -> None:
        """Publish a proposal; RuleError for whoever wrote it last."""
        self._require("approved", now, WindowStatus.PROPOSED)
        self.approve_as(actor)
        if self.ends_at <= now:
            raise RuleError("action", "Its end has passed. Cancel it and schedule a new one.")

    def _require(self, done: str, now: datetime, *allowed: WindowStatus) -> None:
        status = self.status_at(now)
        if status not in allowed:
            raise RuleError("action", f"{status.value.capitalize()} windows cannot be {done}.")


def new_reference() -> str:
    """A short name that is easy to read out: `m-7k3fq2`."""
    return "m-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))
