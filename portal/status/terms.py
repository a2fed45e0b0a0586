"""The closed sets that announcements and windows share, and the base of their inputs."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Severity(StrEnum):
    INFO = "info"
    MAINTENANCE = "maintenance"
    INCIDENT = "incident"
    SECURITY = "security"

    @property
    def rank(self) -> int:
        """1 to 4; the most severe is shown first."""
        return list(Severity).index(self) + 1


class Status(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    RESOLVED = "resolved"


class Audience(StrEnum):
    PUBLIC = "public"
    AUTHENTICATED = "authenticated"
    USER = "user"
    PROVIDER = "provider"
    COMPANY = "company"
    AGENCY = "agency"
    ADMIN = "admin"
    OPERATIONS = "operations"


class Channel(StrEnum):
    WEB = "web"
    MOBILE = "mobile"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    API = "api"


# A start a little in the past is a form that took a while to fill in.
START_GRACE = timedelta(seconds=60)
LONGEST = timedelta(days=366)


class RuleError(ValueError):
    """An input breaks a rule; `field` names the input in the API's spelling."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


class Camel(BaseModel):
    """JSON is camelCase, unknown fields are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", str_strip_whitespace=True
    )


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


def check_span(starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> None:
    """An end lies after the start and in the future; RuleError names the field."""
    if ends_at is None:
        return
    if ends_at <= starts_at:
        raise RuleError("endsAt", "The end must be after the start.")
    if ends_at <= now:
        raise RuleError("endsAt", "The end must be in the future.")
    if ends_at - starts_at > LONGEST:
        raise RuleError("endsAt", "The end may be 366 days after the start at most.")


def _to_utc(moment: datetime) -> datetime:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None
    if not 2000 <= utc.year <= 2999:
        raise ValueError("must lie between the years 2000 and 2999")
    return utc


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
