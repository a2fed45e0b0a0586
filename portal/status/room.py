"""The room of what the public is told: one object of acts a noun."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.status.announcements import Announcements
from portal.status.components import Components
from portal.status.freezes import Freezes
from portal.status.incidents import Incidents
from portal.status.retrospectives import Retrospectives
from portal.status.series import Series
from portal.status.templates import Templates
from portal.status.windows import Windows


@dataclass(frozen=True)
class StatusRoom:
    """What operators do to what the public is told."""

    announcements: Announcements
    components: Components
    freezes: Freezes
    incidents: Incidents
    retrospectives: Retrospectives
    series: Series
    templates: Templates
    windows: Windows


def build(
    open_session: Callable[[], Session],
    on_change: Callable[[], None],
    *,
    requires_approval: bool = False,
) -> StatusRoom:
    """The room on one database; `on_change` is called after each commit."""
    return StatusRoom(
        announcements=Announcements(open_session, on_change),
        components=Components(open_session, on_change),
        freezes=Freezes(open_session, on_change),
        incidents=Incidents(open_session, on_change),
        retrospectives=Retrospectives(open_session, on_change),
        series=Series(open_session, on_change, requires_approval=requires_approval),
        templates=Templates(open_session, on_change),
        windows=Windows(open_session, on_change, requires_approval=requires_approval),
    )
