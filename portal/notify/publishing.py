"""Telling the public of an alert that has lasted, without an operator: if a setting says so."""

from functools import partial

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock
from portal.runtime import episodes, offers
from portal.runtime.episode import Episode
from portal.settings import Settings
from portal.status import notices
from portal.status.incidents import ImpactLevel, Incident, IncidentIn, Incidents, Link, LinkKind
from portal.status.notices import Event, NoticeKind
from portal.store.idempotency import IdempotencyKey
from portal.store.revision import transaction
from portal.unit_of_work import By

ACTOR = "portal worker"
MOST_LOOKED_AT = 200
_IMPACT = {"critical": ImpactLevel.MAJOR}


class _SettledError(Exception):
    """There is nothing left to tell the public."""


def publish(incidents: Incidents, settings: Settings, *, runbook: str) -> list[str]:
    """Open an incident for each alert that has lasted and has none; their references."""
    now = clock.now()
    with incidents.open_session() as session:
        drafts = {}
        for row in episodes.lasting(session, settings.sustained_after, now=now):
            text = offers.complete(session, row, runbook=runbook, now=now)
            drafts[row.id] = IncidentIn(
                title=text.title,
                message=text.message,
                note=text.note,
                started_at=row.opened_at,
                impact=_IMPACT.get(row.severity, ImpactLevel.MINOR),
                links=[Link(kind=LinkKind.EPISODE, ref=str(row.id))],
            )
        unknown = [number for number in drafts if not _is_known(session, number)]
    opened = []
    for number in unknown:
        key = f"publish episode {number}"
        once = IdempotencyKey(key, key.encode(), lambda row: {"reference": row.reference})
        draft, check = drafts[number], partial(_check, number)
        try:
            opened.append(incidents.open(By(ACTOR, key=once), draft, check=check).reference)
        except _SettledError:
            continue
        except IntegrityError:
            # Opened before by a worker that ended before it noted that, below.
            pass
        _note(incidents, number, draft.title)
    return opened


def _check(episode: int, session: Session) -> None:
    """_SettledError when the alert has ended since, or somebody has told the public of it."""
    row = session.get(Episode, episode)
    if row is None or row.closed_at is not None or _is_known(session, episode):
        raise _SettledError


def _note(incidents: Incidents, episode: int, title: str) -> None:
    """Tell operators; the notice is also what remembers that it was done."""
    with transaction(incidents.open_session) as (session, now):
        notices.for_operators(
            session,
            Event.PUBLISHED,
            f"episode-{episode}",
            title=title,
            message="Nobody had told the public of an alert that lasts, so the portal did.",
            link="/panel/incidents",
            now=now,
        )


def _is_known(session: Session, episode: int) -> bool:
    """Whether an operator, or this, has opened an incident for the episode."""
    if notices.was_put(session, NoticeKind.ALERT, Event.PUBLISHED, f"episode-{episode}"):
        return True
    rows = session.scalars(select(Incident).order_by(Incident.id.desc()).limit(MOST_LOOKED_AT))
    link = {"kind": LinkKind.EPISODE.value, "ref": str(episode)}
    return any(link in row.links for row in rows)
