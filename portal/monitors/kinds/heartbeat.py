"""Heartbeat: nothing is called; the portal waits to be."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from portal.durations import spoken
from portal.monitors.kinds.base import Config
from portal.status.windows.schemas import ZoneName

YEAR_SECONDS = 366 * 86_400


def _schedule(text: str) -> str:
    from datetime import datetime

    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(text, datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC"))))
    except (CronSimError, StopIteration):
        raise ValueError("Write a cron schedule of five fields, such as 0 2 * * 1-5.") from None
    return text


class HeartbeatConfig(Config):
    """`schedule` in `zone`, or every `periodSeconds`; `graceSeconds` later it is missed."""

    period_seconds: int | None = Field(default=None, ge=60, le=YEAR_SECONDS)
    schedule: (
        Annotated[str, StringConstraints(max_length=100), AfterValidator(_schedule)] | None
    ) = None
    zone: ZoneName = "UTC"
    grace_seconds: int = Field(default=3600, ge=60, le=YEAR_SECONDS)

    @model_validator(mode="after")
    def _has_one(self) -> "HeartbeatConfig":
        if (self.period_seconds is None) is (self.schedule is None):
            raise ValueError("A heartbeat has a period or a schedule.")
        return self

    @property
    def target(self) -> str:
        when = f"every {spoken(self.period_seconds)}" if self.period_seconds else self.schedule
        return f"{when}, {spoken(self.grace_seconds)} grace"
