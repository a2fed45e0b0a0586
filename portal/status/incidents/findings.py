"""Findings: an incident's captured figures and its retrospective as text to keep."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import clock
from portal.status.incidents import queries, schemas
from portal.status.incidents.incident import Capture, Incident
from portal.status.retrospectives import Action, Retrospective

# Where the runbook's figures stand in a snapshot; the names are those of the metrics feed.
_FIGURES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("metrics_scrapes_total", ("metrics", "scrapes")),
    ("metrics_seconds_since_last_scrape", ("metrics", "secondsSinceLastScrape")),
    ("rate_limit_hits_total", ("rateLimit", "lifetime", "hits")),
    ("rate_limit_blocked_total", ("rateLimit", "lifetime", "blocked")),
    ("perimeter_blocked_requests_total", ("perimeter", "totalBlocked")),
    ("waf_blocked_requests_total", ("waf", "blocked")),
    ("database_pool_size", ("databasePool", "size")),
    ("database_pool_pending", ("databasePool", "pending")),
)

# As the metrics feed has it.
_STATUS = {"healthy": "1", "stopped": "0", "error": "-1"}


def figures(body: str, prefix: str) -> list[tuple[str, str]]:
    """The runbook's counters in a captured snapshot, as (name of the series, value)."""
    snapshot: dict[str, Any] = json.loads(body)
    found = []
    last = _at(snapshot, ("metrics", "lastScrapeAt"))
    if last is not None:
        seconds = datetime.fromisoformat(str(last)).timestamp()
        found.append((f"{prefix}metrics_last_scrape_timestamp", f"{seconds:.3f}"))
    for name, path in _FIGURES:
        value = _at(snapshot, path)
        if value is not None:
            found.append((prefix + name, str(value)))
    for worker in snapshot.get("workers", []):
        label = f'{{worker="{worker["name"]}"}}'
        found.append((f"{prefix}worker_queue_pending{label}", str(worker["pending"])))
        if worker.get("status") in _STATUS:
            found.append((f"{prefix}worker_status{label}", _STATUS[worker["status"]]))
    for scraper in _at(snapshot, ("metrics", "scrapers")) or ():
        # As in the feed: not of manual tokens, and not before a first scrape.
        if not scraper["isManual"] and scraper["lastScrapeAt"] is not None:
            name = f'{prefix}metrics_scraper_age_seconds{{scraper="{scraper["name"]}"}}'
            found.append((name, str(scraper["ageSeconds"])))
    return found


def of_captures(session: Session, row: Incident, *, prefix: str) -> str:
    """Markdown with the figures of every capture and their instants, for a ticket."""
    return _findings(row, queries.captures_of(session, [row.id]).get(row.id, []), prefix)


def _findings(row: Incident, made: list[Capture], prefix: str) -> str:
    lines = [f"# Findings of {row.reference}: {row.title}", ""]
    if not made:
        lines += ["No snapshots were captured.", ""]
    for one in made:
        lines += [
            f"## Captured at {clock.iso(one.captured_at)}",
            "",
            f"Snapshot `{one.id}`, SHA-256 `{one.sha256}`",
            "",
            "| series | value |",
            "| --- | --- |",
            *(f"| `{name}` | {value} |" for name, value in figures(one.body, prefix)),
            "",
        ]
        held = json.loads(one.body).get("alerts", [])
        lines += [
            f"- {alert['title']}: {alert['value']} {alert['unit']} (limit {alert['threshold']}),"
            f" since {alert['since']}"
            for alert in held
        ] + ([""] if held else [])
    return "\n".join(lines)


def markdown(session: Session, row: Incident, kept: Retrospective | None, *, prefix: str) -> str:
    """A retrospective with the incident's timeline and the captured figures."""
    captures = queries.captures_of(session, [row.id])
    (shown,) = schemas.outs(session, [row], captures)
    lines = [
        f"# {row.reference}: {row.title}",
        "",
        f"- Impact: {row.impact}",
        f"- Started: {clock.iso(row.started_at)}",
        f"- Resolved: {clock.iso(row.resolved_at) if row.resolved_at else 'not yet'}",
        f"- Root cause: {(row.root_cause_category or 'not set').replace('_', ' ')}",
        f"- Components: {', '.join(one.component for one in shown.components) or 'none'}",
        "",
    ]
    if kept is not None:
        lines += ["## Impact", "", kept.impact or "Not written.", ""]
        lines += ["## Root cause", "", kept.root_cause or "Not written.", ""]
        lines += ["## Actions", ""]
        for item in kept.actions:
            action = Action.model_validate(item)
            lines.append(
                f"- [{'x' if action.done else ' '}] ({action.kind}) {action.text}"
                + (f", {action.owner}" if action.owner else "")
                + (f", due {action.due_at}" if action.due_at else "")
            )
        lines += ["" if kept.actions else "None.\n"]
    lines += ["## Timeline", ""]
    both = sorted((*shown.updates, *shown.notes), key=lambda one: one.at)
    lines += [
        f"- {clock.iso(one.at)} **{one.status.value if one.status else 'note'}**"
        f" ({one.author}): " + " ".join(one.message.split())
        for one in both
    ]
    return "\n".join(lines) + "\n\n" + _findings(row, captures.get(row.id, []), prefix)


def _at(snapshot: dict[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = snapshot
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
