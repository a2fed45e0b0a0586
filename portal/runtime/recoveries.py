"""The word that is prepared for an incident once what it was opened for has recovered."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.durations import spoken
from portal.runtime import offers
from portal.runtime.episode import Episode
from portal.runtime.episodes import EXPORTER_STALE
from portal.schemas import Camel
from portal.status import incidents, prose
from portal.status.incidents import Incident, LinkKind, Progress


class PreparedUpdate(Camel):
    """An update that only waits for an operator; `gapSeconds` is how long the alert held.

    `message` is for readers; `note` names alerts and scrapers and is for operators.
    """

    status: Progress
    message: str
    note: str
    gap_seconds: int


def prepared(session: Session, row: Incident) -> PreparedUpdate | None:
    """For an open incident whose alerts have all closed since the last public word on it."""
    numbers = [
        int(one["ref"])
        for one in row.links
        if one["kind"] == LinkKind.EPISODE and one["ref"].isdigit() and len(one["ref"]) < 10
    ]
    if row.resolved_at is not None or not numbers:
        return None
    episodes = list(
        session.scalars(select(Episode).where(Episode.id.in_(numbers)).order_by(Episode.opened_at))
    )
    closed = [one.closed_at for one in episodes if one.closed_at is not None]
    if not closed or len(closed) < len(episodes):
        return None
    lines = incidents.updates_of(session, [row.id]).get(row.id, [])
    if any(one.is_public and one.at >= max(closed) for one in lines):
        return None
    gap = max(closed) - episodes[0].opened_at
    return PreparedUpdate(
        status=Progress.MONITORING,
        message=f"{_public(session, episodes)} We keep monitoring.",
        note=" ".join(_sentence(one) for one in episodes),
        gap_seconds=int(gap.total_seconds()),
    )


def _public(session: Session, episodes: list[Episode]) -> str:
    """What readers may know: components and times, no name of an alert, a scraper or a worker."""
    ends = [one.closed_at for one in episodes if one.closed_at is not None]
    began = episodes[0].opened_at
    gap = spoken((max(ends) - began).total_seconds())
    since, until = f"{began:%H:%M}", f"{max(ends):%H:%M}"
    if any(one.alert != EXPORTER_STALE for one in episodes):
        names = prose.listed(
            list(dict.fromkeys(offers.components_of(session, one) for one in episodes))
        )
        return (
            f"The problem with {names} is over since {until} UTC;"
            f" it lasted {gap}, from {since} UTC on."
        )
    if any(one.labels.get("others") for one in episodes):
        return (
            f"All of our monitoring reads our figures again since {until} UTC;"
            f" a part of it had not come for {gap}, from {since} UTC on."
        )
    return _unmonitored(since, until, gap)


def _unmonitored(since: str, until: str, gap: str) -> str:
    return (
        f"Monitoring reads our figures again since {until} UTC;"
        f" for {gap}, from {since} UTC on, there are none."
    )


def _sentence(episode: Episode) -> str:
    assert episode.closed_at is not None
    gap = spoken((episode.closed_at - episode.opened_at).total_seconds())
    since, until = f"{episode.opened_at:%H:%M}", f"{episode.closed_at:%H:%M}"
    others = str(episode.labels.get("others", ""))
    if episode.alert == EXPORTER_STALE and others:
        stale = str(episode.labels.get("scraper", ""))
        away = [name for name in stale.split(", ") if name not in others.split(", ")]
        return (
            f"The scraper {', '.join(away) or stale} reads our figures again since {until} UTC;"
            f" it had not come for {gap}, from {since} UTC on. {others} came meanwhile."
        )
    if episode.alert == EXPORTER_STALE:
        return _unmonitored(since, until, gap)
    what = f"{episode.title}, {episode.subject}" if episode.subject else episode.title
    return f"{what}: over since {until} UTC; it lasted {gap}, from {since} UTC on."
