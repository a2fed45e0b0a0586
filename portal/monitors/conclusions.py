"""What follows for a monitor from all that look at it, from its dependencies and its heartbeat."""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from portal.monitors import heartbeats, judging
from portal.monitors.health import Health
from portal.monitors.judging import Judgement
from portal.monitors.watched import Watched


class Conclusion(NamedTuple):
    """What a monitor is, since when, and why."""

    health: Health
    since: datetime
    detail: str


def conclude(
    one: Watched, above: Iterable[Watched], *, quorum: int, nodes: Container[int], now: datetime
) -> Conclusion | None:
    """What it is at an instant; None where nothing can be said otherwise than before.

    A monitor that fails below one that is down is unreachable, which is unknown. While one above it
    is only suspected it stays what it was: the next look decides.
    """
    if one.row.is_paused:
        return None
    if one.row.is_heartbeat:
        return _of_heartbeat(one, now)
    views = one.settled(now, nodes)
    if not views:
        return None
    healths = {str(node): view.health for node, view in views.items()}
    health, agree, known = judging.combined(healths, quorum)
    since = _since(one, views, health, now)
    if health is Health.DOWN:
        above = list(above)
        failed = next((parent for parent in above if _is_down(parent)), None)
        if failed is not None:
            return Conclusion(Health.UNKNOWN, since, f"Unreachable: {failed.row.name} is down")
        if any(parent.is_suspect(now, nodes) for parent in above):
            return None
    if health is Health.UNKNOWN:
        return Conclusion(health, since, _unknown(one, views, known, quorum))
    return Conclusion(health, since, _said(one, views, health, agree))


def _is_down(parent: Watched) -> bool:
    return parent.health is Health.DOWN or parent.detail.startswith("Unreachable: ")


def _since(one: Watched, views: Mapping[int, Judgement], health: Health, now: datetime) -> datetime:
    """Since when the nodes say so; never before what it was until now began."""
    if one.health is health and one.since is not None:
        return one.since
    moments = [view.since for view in views.values() if view.health is health and view.since]
    found = max(moments, default=now)
    return min(max(found, one.since or found), now)


def _said(one: Watched, views: Mapping[int, Judgement], health: Health, agree: int) -> str:
    texts = [one.details.get(number, "") for number, view in views.items() if view.health is health]
    text = next(filter(None, reversed(texts)), health.value.capitalize())
    return f"{text}; {agree} of {len(views)} nodes agree" if len(views) > 1 else text


def _unknown(one: Watched, views: Mapping[int, Judgement], known: int, quorum: int) -> str:
    if len(views) > 1 and known < quorum:
        return f"{len(views) - known} of {len(views)} nodes could not look"
    texts = [one.details.get(number, "") for number, view in views.items() if view.is_suspect]
    return next(filter(None, texts), "Nobody has looked lately")


def _of_heartbeat(one: Watched, now: datetime) -> Conclusion | None:
    if one.beat is None:
        return None
    verdict = heartbeats.judge(one.beat, now=now)
    if verdict is None:
        return None
    one.beats_until = verdict.until
    since = min(max(verdict.since, one.since or verdict.since), now)
    if one.health is verdict.health and one.since is not None:
        since = one.since
    return Conclusion(verdict.health, since, verdict.detail)


def in_order(all_of: Mapping[str, Watched]) -> list[Watched]:
    """Each after those that it depends on."""
    found: dict[str, Watched] = {}

    def visit(slug: str) -> None:
        one = all_of.get(slug)
        if one is None or slug in found or slug in waiting:
            return
        waiting.add(slug)
        for parent in one.row.depends_on:
            visit(parent)
        waiting.discard(slug)
        found[slug] = one

    waiting: set[str] = set()
    for slug in all_of:
        visit(slug)
    return list(found.values())
