"""Incidents: unplanned events with a public timeline, notes inside, and what was captured."""

from portal.status.incidents.acts import Incidents, notify
from portal.status.incidents.incident import (
    Capture,
    Category,
    ImpactLevel,
    Incident,
    IncidentUpdate,
    LinkKind,
    Progress,
    check_start,
)
from portal.status.incidents.queries import (
    PARTS,
    between,
    captures_of,
    find,
    for_board,
    impacts_of,
    next_reference,
    page,
    updates_of,
)
from portal.status.incidents.schemas import (
    CaptureOut,
    IncidentEdit,
    IncidentIn,
    IncidentOut,
    Link,
    NoteIn,
    UpdateIn,
    UpdateOut,
    out,
    outs,
)
