"""Windows: planned maintenance with a start, an end and a zone."""

from portal.status.windows.acts import ScheduleActs, Windows, notify
from portal.status.windows.queries import (
    PARTS,
    between,
    extendable,
    find,
    for_board,
    is_published,
    latest,
    listed,
    overlaps,
    running,
)
from portal.status.windows.schemas import (
    Action,
    Effect,
    PlanIn,
    WindowAct,
    WindowIn,
    WindowOut,
    WindowTimes,
    ZoneName,
    all_warned,
    local,
    out,
    warned,
)
from portal.status.windows.window import (
    REOPENS_FOR,
    Preparation,
    Window,
    WindowStatus,
    new_reference,
)
from portal.status.windows.zone_names import zones
