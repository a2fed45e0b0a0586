"""What windows, announcements and incidents have in common: closed sets, texts, times.

That an end must come after its start is `check_start_and_end`, for windows, series and freezes too.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from portal.errors import RuleError


class Severity(StrEnum):
    INFO = "info"
    MAINTENANCE = "maintenance"
    INCIDENT = "incident"
    SECURITY = "security"

    @property
    def rank(self) -> int:
        """1 to 4; the most severe is shown first."""
        return _RANKS[self]


_RANKS = {severity: number for number, severity in enumerate(Severity, 1)}


class Status(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    RESOLVED = "resolved"


class Audience(StrEnum):
    """Whom something is for, as in `portal.settings.AUDIENCES`; forms offer some of these."""

    PUBLIC = "public"
    AUTHENTICATED = "authenticated"
    USER = "user"
    PROVIDER = "provider"
    COMPANY = "company"
    AGENCY = "agency"
    ADMIN = "admin"
    OPERATIONS = "operations"


class Channel(StrEnum):
    """The portal delivers by web, mobile, email and api; the others are for API clients."""

    WEB = "web"
    MOBILE = "mobile"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    API = "api"


Title = Annotated[str, StringConstraints(min_length=1, max_length=240, pattern=r"^[^\x00]*$")]
Message = Annotated[str, StringConstraints(max_length=5000, pattern=r"^[^\x00]*$")]
Audiences = Annotated[list[Audience], Field(min_length=1, max_length=8)]
Channels = Annotated[list[Channel], Field(min_length=1, max_length=6)]

# A start a little in the past is a form that took a while to fill in.
START_GRACE = timedelta(seconds=60)
LONGEST = timedelta(days=366)


def derive_status(
    *,
    is_draft: bool,
    starts_at: datetime,
    ends_at: datetime | None,
    ended_at: datetime | None,
    now: datetime,
) -> Status:
    """The status at `now`: it follows from the times, so no worker has to flip it."""
    if ended_at is not None and ended_at <= now:
        return Status.RESOLVED
    if is_draft:
        return Status.DRAFT
    if now < starts_at:
        return Status.SCHEDULED
    if ends_at is not None and ends_at <= now:
        return Status.RESOLVED
    return Status.ACTIVE


def check_start_and_end(starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> None:
    """An end lies after the start and in the future; RuleError names the field."""
    if ends_at is None:
        return
    if ends_at <= starts_at:
        raise RuleError("endsAt", "The end must be after the start.")
    if ends_at <= now:
        raise RuleError("endsAt", "The end must be in the future.")
    if ends_at - starts_at > LONGEST:
        raise RuleError("endsAt", "The end can be 366 days after the start at most.")


def values(members: Iterable[StrEnum]) -> list[str]:
    """The values of members as a row stores them, each once."""
    return [member.value for member in dict.fromkeys(members)]
