"""An incident of some alerts that are over, and the update that is prepared for it."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.runtime import recoveries
from portal.runtime.episodes import EXPORTER_STALE
from portal.runtime.recoveries import PreparedUpdate
from portal.status.incidents import Incident
from tests import rows
from tests.instants import MINUTE, NOW


def episode(session: Session, began: int, ended: int | None, **values: Any) -> dict[str, str]:
    """The link to an episode that began and ended so many minutes after noon."""
    closed_at = None if ended is None else NOW + ended * MINUTE
    row = rows.episode(**{"opened_at": NOW + began * MINUTE, "closed_at": closed_at, **values})
    session.add(row)
    session.flush()
    return {"kind": "episode", "ref": str(row.id)}


def stale(session: Session, began: int, ended: int, **labels: str) -> dict[str, str]:
    more = {"alert": EXPORTER_STALE, "subject": "", "labels": labels}
    return episode(session, began, ended, title="Nobody reads our figures", **more)


def prepared(
    session: Session, *links: dict[str, str], resolved_at: datetime | None = None
) -> PreparedUpdate | None:
    return recoveries.prepared(session, incident(session, *links, resolved_at=resolved_at))


def incident(session: Session, *links: dict[str, str], **values: Any) -> Incident:
    row = rows.incident(**{"started_at": NOW, "links": list(links), **values})
    session.add(row)
    session.flush()
    return row


def told(session: Session, *links: dict[str, str]) -> tuple[str, str]:
    """What readers and operators would read."""
    update = prepared(session, *links)
    assert update is not None
    return update.message, update.note
