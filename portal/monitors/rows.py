"""Rows of looks: results, what a node sees, and what each state says of the last look.

Many at once, each kind in one statement, whatever the number of monitors.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.monitors import node_views
from portal.monitors.health import Outcome
from portal.monitors.judging import Judgement
from portal.monitors.looks import Look
from portal.monitors.node_views import MonitorView
from portal.monitors.results import MonitorResult, in_ms
from portal.monitors.states import MonitorState

Looks = list[tuple[int, Look]]
Values = dict[str, Any]
GOOD_EVERY = timedelta(minutes=10)


class Rows:
    """Writes looks of one node; `stored` are the monitors and nodes that have a view."""

    def __init__(self) -> None:
        self.stored: set[tuple[int, int]] = set()
        self._good_at: dict[int, datetime] = {}

    def write(
        self, session: Session, node: int, looks: Looks, judgement: Callable[[int], Judgement]
    ) -> None:
        """The results of a node's looks, and what it sees after them."""
        if looks:
            write_results(session, node, looks)
            self._write_views(session, node, dict(looks), judgement)

    def _write_views(
        self,
        session: Session,
        node: int,
        latest: dict[int, Look],
        judgement: Callable[[int], Judgement],
    ) -> None:
        added: list[Values] = []
        changed: list[Values] = []
        failed: list[Values] = []
        good: list[Values] = []
        for number, look in latest.items():
            plain = _view_of(look, judgement(number))
            key = {"of_monitor": number, "of_node": node}
            if look.outcome is Outcome.UP:
                if self._is_good_due(number, look.at):
                    good.append({**key, "good": look.evidence()})
            else:
                failed.append({**key, "evidence": look.evidence()})
            if (number, node) in self.stored:
                changed.append({**key, **plain})
            else:
                self.stored.add((number, node))
                blank = {"evidence": None, "good": None}
                added.append({"monitor_id": number, "node_id": node, **plain, **blank})
        if added:
            session.execute(insert(MonitorView), added)
        for rows in (changed, failed, good):
            _update(session, rows, of_monitor=MonitorView.monitor_id, of_node=MonitorView.node_id)

    def _is_good_due(self, number: int, at: datetime) -> bool:
        before = self._good_at.get(number)
        if before is not None and abs(at - before) < GOOD_EVERY:
            return False
        self._good_at[number] = at
        return True


def _view_of(look: Look, judgement: Judgement) -> Values:
    return {
        "looked_at": look.at,
        "outcome": int(look.outcome),
        "detail": look.detail,
        "duration_ms": look.ms,
        "certificate_expires_at": look.trace.certificate_expires_at,
        "memory": node_views.remember(judgement),
    }


def _update(session: Session, rows: list[Values], **keys: InstrumentedAttribute[int]) -> None:
    """Many rows of a table, each found by its keys as they are called in `rows`."""
    if not rows:
        return
    table = next(iter(keys.values())).class_
    session.connection().execute(
        update(table)
        .where(*(column == bindparam(name) for name, column in keys.items()))
        .values({name: bindparam(name) for name in rows[0] if name not in keys}),
        rows,
    )


def write_results(session: Session, node: int, looks: Looks) -> None:
    """Each look once: what was written by a commit of which nobody heard is there already."""
    rows = {
        (number, in_ms(look.at)): {
            "monitor_id": number,
            "at": in_ms(look.at),
            "node_id": node,
            "outcome": int(look.outcome),
            "microseconds": None if look.ms is None else round(look.ms * 1000),
        }
        for number, look in looks
    }
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    table = MonitorResult.__table__
    add = (postgresql.insert if is_postgresql else sqlite.insert)(table)  # type: ignore[arg-type]
    session.execute(add.on_conflict_do_nothing(), list(rows.values()))


def write_states(session: Session, looks: Looks) -> None:
    """What the states say of the last look; what they are is concluded elsewhere."""
    rows = [
        {
            "of_monitor": number,
            "looked_at": look.at,
            "duration_ms": look.ms,
            "answer": look.detail,
            "certificate_expires_at": look.trace.certificate_expires_at,
        }
        for number, look in dict(looks).items()
    ]
    _update(session, rows, of_monitor=MonitorState.monitor_id)
