"""What the node that leads writes of its conclusions: states and their spans, alerts.

All in the transaction that the looks are written in.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from portal.monitors import alerts, conclusions, lookers, states
from portal.monitors.conclusions import Conclusion
from portal.monitors.health import Health
from portal.monitors.nodes import MonitorNode
from portal.monitors.states import MonitorState
from portal.monitors.watched import Watched, stored_blind
from portal.status import windows
from portal.store import revision

NOT_WELL = (Health.DOWN, Health.DEGRADED)


def follow(
    session: Session,
    watched: Iterable[Watched],
    present: Mapping[int, MonitorNode],
    node: int,
    *,
    but: Container[int] = (),
    now: datetime,
) -> bool:
    """Conclude what each is, those that others depend on first, and write what changed.

    Of those in `but` nothing is concluded, nor of what depends on them.

    Gives whether anything public did.
    """
    is_public = False
    by_slug = {one.row.slug: one for one in watched}
    planned: set[str] | None = None
    opened: alerts.Opened = {}
    left: set[str] = set()
    for one in by_slug.values():
        above = [by_slug[slug] for slug in one.row.depends_on if slug in by_slug]
        if one.id in but or any(parent.row.slug in left for parent in above):
            left.add(one.row.slug)
            continue
        quorum = lookers.quorum(one.row, present)
        found = conclusions.conclude(one, above, quorum=quorum, nodes={node, *present}, now=now)
        if found is None:
            continue
        if found.health is one.health and not one.is_silenced:
            _confirm_detail(session, one, found.detail)
            continue
        if planned is None:
            planned, opened = _planned(session, now), alerts.open_ones(session)
        is_planned = one.row.component in planned
        is_public |= _change(session, one, found, opened, is_planned=is_planned, now=now)
    return is_public


def _change(
    session: Session,
    one: Watched,
    found: Conclusion,
    opened: alerts.Opened,
    *,
    is_planned: bool,
    now: datetime,
) -> bool:
    turned = found.health is not one.health
    is_public = alerts.follow(
        session,
        one.row,
        found.health,
        opened,
        # What lasts beyond a planned maintenance counts from its end on.
        since=found.since if turned else now,
        detail=found.detail,
        is_planned=is_planned,
        now=now,
    )
    one.is_silenced = is_planned and found.health in NOT_WELL
    if turned:
        # What the public page calls unknown is another state too, and a badge says each of them.
        is_told = one.row.shows_latency or Health.UNKNOWN in (one.health, found.health)
        if one.row.component and is_told and not is_public:
            revision.advance(session)
            is_public = True
        _turn(session, one, found)
    return is_public


def _turn(session: Session, one: Watched, found: Conclusion) -> None:
    one.health, one.since, one.detail = found.health, found.since, found.detail
    states.turn(session, one.id, found.health, since=found.since, detail=found.detail)
    _update(
        session,
        one,
        health=found.health.value,
        since=found.since,
        detail=found.detail[: states.DETAIL],
        blind=stored_blind(one.beat),
    )


def _confirm_detail(session: Session, one: Watched, detail: str) -> None:
    if detail == one.detail or one.health is Health.UP:
        return
    one.detail = detail
    _update(session, one, detail=detail[: states.DETAIL])


def confirm(session: Session, watched: Iterable[Watched], *, now: datetime) -> None:
    """That heartbeats are listened for."""
    values = [
        {"of": one.id, "at": now, "times": stored_blind(one.beat)}
        for one in watched
        if one.row.is_heartbeat and not one.row.is_paused
    ]
    if values:
        of_one = MonitorState.monitor_id == bindparam("of")
        listened: dict[str, Any] = {"looked_at": bindparam("at"), "blind": bindparam("times")}
        session.connection().execute(update(MonitorState).where(of_one).values(listened), values)


def _update(session: Session, one: Watched, **values: Any) -> None:
    of_one = MonitorState.monitor_id == one.id
    session.execute(update(MonitorState).where(of_one).values(**values))


def _planned(session: Session, now: datetime) -> set[str]:
    """The components in a maintenance that runs."""
    return {slug for row in windows.running(session, now=now) for slug in row.components}
