"""Blocks as they come in and go out."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field, field_validator

from portal import durations
from portal.errors import RuleError
from portal.guard.blocks.block import Block, BlockScope, Kind, Source
from portal.schemas import Before, Camel, Instant


class Action(StrEnum):
    RAISE = "raise"
    EXTEND = "extend"


class _Span(Camel):
    """How long: exactly one of a duration from now and an instant."""

    duration: str | None = Field(default=None, max_length=20)
    until: Instant | None = None

    @field_validator("duration")
    @classmethod
    def _is_duration(cls, text: str | None) -> str | None:
        if text is not None:
            durations.parse(text)
        return text

    def length(self) -> timedelta | None:
        """The duration; None when an instant was said, RuleError for both or neither."""
        if (self.duration is None) == (self.until is None):
            raise RuleError("duration", "Give either duration or until.")
        return durations.parse(self.duration) if self.duration else None

    def ends_at(self) -> datetime:
        """The instant, where no duration was said."""
        assert self.until is not None
        return self.until


class BlockIn(_Span):
    """A new block."""

    scope: BlockScope
    value: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
    kind: Kind = Kind.BAN
    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    force: bool = False


class BlockBefore(Before):
    """What acts change of a block."""

    scope: str
    value: str
    kind: str
    source: str
    until: datetime
    is_forced: bool
    removed_at: datetime | None
    expiry_noted: bool


class BlockAct(_Span):
    """Raise or extend; kind, scope and value only with `raise`."""

    action: Action
    reason: str = Field(default="", max_length=500, pattern=r"^[^\x00]*$")
    kind: Kind | None = None
    scope: BlockScope | None = None
    value: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f]*$")
    force: bool = False


class BlockOut(Camel):
    """A block as operators see it."""

    id: str
    scope: BlockScope
    value: str
    kind: Kind
    source: Source
    reason: str
    created_at: datetime
    until: datetime
    created_by: str
    is_active: bool
    removed_at: datetime | None
    version: int


def out(row: Block, *, now: datetime) -> BlockOut:
    return BlockOut.of(row, is_active=row.is_active(now))
