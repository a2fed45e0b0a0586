"""The audit log in the panel: sentences, chosen by type, person and days, and exported."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, date, timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, request

from portal import clock, web
from portal.audit import search
from portal.audit.events import REQUIRED_FIELDS
from portal.audit.search import Event
from portal.runtime.exports import defuse
from portal.web import render
from portal.web.panel import filters, paging, sentences
from portal.web.problems import Problem

blueprint = Blueprint("audit", __name__, url_prefix="/panel/audit")

_PAGE = 50
MOST_EXPORTED = 10_000
FAMILIES = sorted({name.partition(".")[0] for name in REQUIRED_FIELDS})
_FILTERS = ("type", "actor", "from", "to")


@blueprint.get("")
def listing() -> Response:
    # The events older than one of them; a page's own number would move with each new event.
    before = paging.before()
    asked = _asked()
    with web.current().core.open_session() as session:
        events, total = search.search(
            session, **_chosen(asked), before=before, limit=_PAGE + 1, count_to=MOST_EXPORTED
        )
        told = sentences.told(session, events[:_PAGE])
        return render.panel(
            "panel/audit/list.html",
            days=_by_day(told),
            total=total,
            is_more=any(asked.values()) and total > MOST_EXPORTED,
            before=before,
            older=events[_PAGE - 1].seq if len(events) > _PAGE else None,
            filters=asked,
            families=FAMILIES,
            most_exported=MOST_EXPORTED,
        )


@blueprint.get("/export")
def export() -> Response:
    """The newest events that match, as CSV or JSON lines."""
    wanted = request.args.get("format", "csv")
    if wanted not in _WRITERS:
        raise Problem(400, f"The format must be one of {', '.join(_WRITERS)}.")
    content_type, write = _WRITERS[wanted]
    with web.current().core.open_session() as session:
        events, _ = search.search(session, **_chosen(_asked()), limit=MOST_EXPORTED, count_to=0)
    response = Response(write(events), content_type=content_type)
    name = f"audit-{clock.now():%Y%m%dT%H%M%SZ}.{wanted}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return render.uncached(response)


def _asked() -> dict[str, str]:
    asked = {name: request.args.get(name, "").strip() for name in _FILTERS}
    if "\x00" in "".join(asked.values()):
        raise Problem(400, "Search for text without control characters.")
    return asked


def _chosen(asked: dict[str, str]) -> dict[str, Any]:
    """What the search is given; Problem 400 for a day that is none."""
    last = filters.day("to", asked["to"])
    return {
        "event_type": asked["type"] or None,
        "actor": asked["actor"] or None,
        "since": filters.day("from", asked["from"]),
        # The last day is meant whole.
        "until": last + timedelta(days=1) if last else None,
    }


def _by_day(told: list[sentences.Told]) -> list[tuple[date, list[sentences.Told]]]:
    """Grouped by their UTC day, in their order."""
    days = groupby(told, key=lambda one: one.event.at.astimezone(UTC).date())
    return [(day, list(events)) for day, events in days]


def _csv(events: Iterable[Event]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("seq", "at", "type", "actor", "detail", "hash"))
    for one in events:
        detail = json.dumps(one.detail, ensure_ascii=False, sort_keys=True)
        writer.writerow(
            (one.seq, clock.iso(one.at), one.type, defuse(one.actor), defuse(detail), one.hash)
        )
    return out.getvalue()


def _lines(events: Iterable[Event]) -> str:
    return "".join(
        json.dumps(vars(one) | {"at": clock.iso(one.at)}, ensure_ascii=False) + "\n"
        for one in events
    )


_WRITERS = {"csv": ("text/csv; charset=utf-8", _csv), "jsonl": ("application/x-ndjson", _lines)}
