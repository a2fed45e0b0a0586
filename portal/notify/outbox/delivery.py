"""A delivery: one notice on its way to one recipient, and how far that is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.notify.subscribers import Subscriber
from portal.status.notices import Notice, Urgency
from portal.store.base import Base

STUCK_AFTER = timedelta(minutes=15)
# How long what failed counts.
FAILED_SHOWN = timedelta(days=7)
CHAT = "chat "


class State(StrEnum):
    """How far a delivery is; `dead` is tried no more, `dropped` is not wanted any more."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


_DONE = "settled_at IS NOT NULL AND state != 'dead'"


def _among(state: State, name: str, *columns: str) -> Index:
    """An index over the few rows of a state among the many that are settled."""
    rows = text(f"state = '{state.value}'")
    return Index(name, *columns, sqlite_where=rows, postgresql_where=rows)


class Delivery(Base):
    """A notice to a recipient: a subscriber by number, or one of the operators' chats."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    recipient: Mapped[str] = mapped_column(String(80))
    # The column has the name that it was first given.
    queue: Mapped[str] = mapped_column("lane", String(200))
    # That of its notice.
    urgency: Mapped[int] = mapped_column(
        SmallInteger, default=Urgency.NORMAL.value, server_default=text("1")
    )
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    claimed_by: Mapped[str] = mapped_column(String(80))
    claimed_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(200))

    __table_args__ = (
        UniqueConstraint("notice_id", "recipient"),
        # The next to be sent.
        _among(State.PENDING, "ix_delivery_due", "lane", "urgency", "due_at", "id"),
        # What later news of the same supersedes.
        _among(State.PENDING, "ix_delivery_pending_notice_id", "notice_id"),
        # Who unsubscribes.
        _among(State.PENDING, "ix_delivery_pending_recipient", "recipient"),
        _among(State.SENDING, "ix_delivery_sending_lane", "lane"),
        _among(State.DEAD, "ix_delivery_dead_settled_at", "settled_at"),
        # What is old enough to be forgotten; without the dead, or it would be used to count those.
        Index(
            "ix_delivery_settled_at",
            "settled_at",
            sqlite_where=text(_DONE),
            postgresql_where=text(_DONE),
        ),
    )

    def put_back(self, due_at: datetime) -> None:
        """Let it be claimed again, from an instant on."""
        self.state, self.due_at = State.PENDING.value, due_at
        self.claimed_by, self.claimed_until = "", None

    def settle(self, state: State, reason: str, now: datetime, *, tries: int = 0) -> None:
        """Bring it to an end."""
        self.state, self.settled_at, self.error = state.value, now, reason[:200]
        self.claimed_by, self.claimed_until = "", None
        self.attempts += tries


def is_in(state: State) -> ColumnElement[bool]:
    """Whether a delivery is in a state, written so that its index can be used.

    A database does not see that a parameter has the value that the index is for.
    """
    return Delivery.state == literal_column(f"'{state.value}'")


class Result(StrEnum):
    """How a try went."""

    SENT = "sent"
    # Never will: the address does not exist, the target may not be called.
    REFUSED = "refused"
    LATER = "later"
    # Nothing was said of this one: the way out is closed, for all who share it.
    CLOSED = "closed"
    # The recipient wants to hear no more.
    GONE = "gone"
    # A question that did not get there; whoever asked may ask again.
    UNASKED = "unasked"


@dataclass(frozen=True)
class Outcome:
    """What became of a try; `reason` is for operators and holds no address and no secret.

    `after` is how long the recipient asked to be left alone.
    """

    delivery: int
    result: Result
    reason: str = ""
    after: timedelta = timedelta()


@dataclass(frozen=True)
class Claim:
    """A delivery that `by` has claimed, with what its channel needs."""

    delivery: int
    by: str
    recipient: str
    queue: str
    notice: Notice
    subscriber: Subscriber | None


def name_of(subscriber: int) -> str:
    """A subscriber as the recipient of a delivery."""
    return f"subscriber {subscriber}"


def subscriber_of(recipient: str) -> int | None:
    """The number of a subscriber, None when the recipient is none."""
    kind, _, number = recipient.partition(" ")
    return int(number) if kind == "subscriber" else None
