"""What operators may give texts with, each by its schema."""

from typing import Any

from pydantic import BaseModel

from portal.status.announcements import AnnouncementIn
from portal.status.incidents import IncidentEdit, IncidentIn, UpdateIn
from portal.status.series import SeriesIn
from portal.status.windows import WindowIn
from tests.instants import HOUR, NOW

INPUTS: dict[type[BaseModel], dict[str, Any]] = {
    AnnouncementIn: {"title": "T"},
    WindowIn: {"title": "T", "endsAt": "2030-06-03T18:00:00Z"},
    SeriesIn: {
        "title": "T",
        "startsAt": "2030-06-04T02:00:00Z",
        "endsAt": "2030-06-04T03:00:00Z",
        "recurrence": "FREQ=WEEKLY",
    },
    IncidentIn: {"title": "T", "impact": "minor", "message": "m"},
    IncidentEdit: {"title": "T", "impact": "minor", "startedAt": "2030-06-03T11:00:00Z"},
    UpdateIn: {"status": "monitoring", "message": "m"},
}


def plan(**values: Any) -> WindowIn:
    return WindowIn(**{"title": "T", "ends_at": NOW + HOUR, **values})
