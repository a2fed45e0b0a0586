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
_IMPACT = {"critical": ImpactLevel.MAJOR}


class _SettledError(Exception):
    """There is nothing left to tell the public."""


def publish(incidents: Incidents, settings: Settings, *, runbook: str) -> list[str]:
    """Open an incident for each alert that has lasted and has none; their references."""
    now = clock.now()
    with incidents.open_session() as session:
        drafts = {}
        lasting = episodes.lasting(session, settings.sustained_after, now=now)
        for row in _untold(session, lasting):
            text = offers.complete(session, row, runbook=runbook, now=now)
            drafts[row.id] = IncidentIn(
                title=text.title,
                message=text.message,
                note=text.note,
                started_at=row.opened_at,
                impact=_IMPACT.get(row.severity, ImpactLevel.MINOR),
                links=[Link(kind=LinkKind.EPISODE, ref=str(row.id))],
            )
    opened = []
    for number, draft in drafts.items():
        key = f"publish episode {number}"
        once = IdempotencyKey(key, key.encode(), lambda row: {"reference": row.reference})
        try:
            told = incidents.open(By(ACTOR, key=once), draft, check=partial(_check, number))
            opened.append(told.reference)
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
    if row is None or row.closed_at is not None or not _untold(session, [row]):
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


def _untold(session: Session, rows: list[Episode]) -> list[Episode]:
    """Those for which neither an operator nor this has opened an incident."""
    if not rows:
        return []
    # Nobody can have named one before it was there, and whoever names it changes the incident.
    since = min(row.opened_at for row in rows)
    named = {
        link["ref"]
        for links in session.scalars(select(Incident.links).where(Incident.updated_at >= since))
        for link in links
        if link["kind"] == LinkKind.EPISODE
    }
    return [row for row in rows if str(row.id) not in named and not _was_published(session, row)]


def _was_published(session: Session, row: Episode) -> bool:
    return notices.was_put(session, NoticeKind.ALERT, Event.PUBLISHED, f"episode-{row.id}")
