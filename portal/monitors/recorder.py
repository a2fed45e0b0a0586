"""Recording: looks go into the database in batches, and what follows from them with them.

Every node writes what it saw itself. The one that leads holds the views of all against quorum,
dependencies and heartbeats, writes what each monitor is, and opens and closes alerts, in the same
transaction. Nothing here is done on the event loop: a database may take its time.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.monitors import alerts, conclusions, judging, node_views, nodes, queries, states
from portal.monitors.health import Health, Outcome
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.judging import Result
from portal.monitors.looks import Look
from portal.monitors.monitor import Monitor
from portal.monitors.node_views import MonitorView
from portal.monitors.results import MonitorResult, in_ms
from portal.monitors.states import MonitorState
from portal.monitors.watched import Watched, blind_times, plan_of, stored_blind
from portal.status import windows
from portal.store import engine, revision

GOOD_EVERY = timedelta(minutes=10)
CONFIRM_EVERY = timedelta(seconds=60)
# Longer than that between two rounds nobody listened for heartbeats.
LISTENS_WITHIN = timedelta(seconds=90)
NOT_WELL = (Health.DOWN, Health.DEGRADED)


class Recorder:
    """What is known of all monitors, in memory and in the database; used from one thread."""

    def __init__(self, open_session: Callable[[], Session], node: str, labels: list[str]) -> None:
        self._open_session = open_session
        self._node, self._labels = node, labels
        self.node_id = 0
        self.present: dict[int, nodes.MonitorNode] = {}
        self.watched: dict[str, Watched] = {}
        self._by_id: dict[int, Watched] = {}
        self._in_order: list[Watched] = []
        self._stored: set[tuple[int, int]] = set()
        self._good_at: dict[int, datetime] = {}
        self._pings: dict[int, int] = {}
        self._confirmed_at: datetime | None = None
        self._round_at: datetime | None = None
        self._seen_at: datetime | None = None

    def load(self, *, now: datetime) -> None:
        """Read monitors, states and views anew; what the nodes saw goes on from where it was."""
        with self._open_session() as session:
            session.expire_on_commit = False
            engine.begin_write(session)
            node_id = nodes.report(session, self._node, self._labels, now=now)
            present = nodes.present(session, now=now)
            rows = queries.every(session)
            known = states.by_monitor(session)
            heard = {row.monitor_id: row for row in session.scalars(select(Heartbeat))}
            before = self._by_id
            by_id: dict[int, Watched] = {}
            for row in rows:
                by_id[row.id] = one = _taken(row, before.get(row.id), known.get(row.id))
                if row.id in heard:
                    state = known.get(row.id)
                    one.listen(heard[row.id], blind_times(state.blind if state else []))
                    if row.id not in before and state is not None and state.looked_at is not None:
                        if now - state.looked_at > LISTENS_WITHIN:
                            one.blinded(state.looked_at, now)
            alarmed = {slug for _, slug in alerts.open_ones(session)}
            for one in by_id.values():
                # Such as after an edit that ended its alert, or in a maintenance.
                one.is_silenced = one.health in NOT_WELL and one.row.slug not in alarmed
            stored: set[tuple[int, int]] = set()
            for view in node_views.of(session, by_id, nodes=present):
                stored.add((view.monitor_id, view.node_id))
                one = by_id[view.monitor_id]
                if view.node_id not in one.views:
                    one.views[view.node_id] = node_views.recall(view.memory)
                    one.details[view.node_id] = view.detail
            session.commit()
            session.expunge_all()
        # The event loop looks at all this meanwhile: it is put in place once it is whole.
        watched = {one.row.slug: one for one in by_id.values()}
        self._in_order = conclusions.in_order(watched)
        self._pings = {number: row.pings for number, row in heard.items() if number in by_id}
        self._stored, self.node_id, self.present = stored, node_id, present
        self.watched, self._by_id = watched, by_id

    def one(self, monitor_id: int) -> Watched | None:
        return self._by_id.get(monitor_id)

    def has_heard(self) -> bool:
        """Whether something came in at a heartbeat that was not taken in yet."""
        with self._open_session() as session:
            pings = session.execute(select(Heartbeat.monitor_id, Heartbeat.pings))
            return any(self._pings.get(number) != count for number, count in pings)

    @property
    def has_heartbeats(self) -> bool:
        return bool(self._pings)

    def _nodes(self) -> set[int]:
        return {self.node_id, *self.present}

    def judge(self, looks: Iterable[tuple[int, Look]]) -> None:
        """Take in looks of this node, in memory."""
        for monitor_id, look in looks:
            one = self._by_id.get(monitor_id)
            if one is None or one.row.is_paused:
                continue
            result = Result(look.at, look.outcome)
            found = judging.step(one.judgement(self.node_id), result, one.rule)
            one.views[self.node_id] = found
            one.details[self.node_id] = look.detail

    def record(
        self, looks: list[tuple[int, Look]], *, now: datetime, leads: bool, reads_others: bool
    ) -> bool:
        """Write looks that were judged, and as the leader what follows.

        Gives whether anything public changed.
        """
        # Of what was removed, paused or begun anew since they were made, nothing is written.
        looks = [pair for pair in looks if self._has_view(pair[0])]
        with self._open_session() as session:
            engine.begin_write(session)
            self._write_results(session, looks)
            self._write_views(session, looks)
            is_public = False
            if leads:
                self._listen(session, now)
                if reads_others:
                    self._read_others(session, now)
                self._write_states(session, looks)
                is_public = self._conclude(session, now)
            session.commit()
        return is_public

    def _has_view(self, number: int) -> bool:
        one = self._by_id.get(number)
        return one is not None and self.node_id in one.views

    def is_anything_due(self, now: datetime) -> bool:
        """Whether something may follow from the time alone, such as the end of a maintenance."""
        if self._confirmed_at is None or abs(now - self._confirmed_at) >= CONFIRM_EVERY:
            return True
        return any(
            one.is_silenced or (one.beats_until is not None and one.beats_until <= now)
            for one in list(self.watched.values())
        )

    def _write_results(self, session: Session, looks: list[tuple[int, Look]]) -> None:
        if not looks:
            return
        rows = {
            (number, in_ms(look.at)): {
                "monitor_id": number,
                "at": in_ms(look.at),
                "node_id": self.node_id,
                "outcome": int(look.outcome),
                "microseconds": None if look.ms is None else round(look.ms * 1000),
            }
            for number, look in looks
        }
        # What was written by a commit of which nobody heard is there already.
        is_postgresql = session.get_bind().dialect.name == "postgresql"
        table = MonitorResult.__table__
        add = (postgresql.insert if is_postgresql else sqlite.insert)(table)  # type: ignore[arg-type]
        session.execute(add.on_conflict_do_nothing(), list(rows.values()))

    def _write_views(self, session: Session, looks: list[tuple[int, Look]]) -> None:
        latest = dict(looks)
        added: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        good: list[dict[str, Any]] = []
        for number, look in latest.items():
            judgement = self._by_id[number].views[self.node_id]
            plain = {
                "looked_at": look.at,
                "outcome": int(look.outcome),
                "detail": look.detail,
                "duration_ms": look.ms,
                "certificate_expires_at": look.trace.certificate_expires_at,
                "memory": node_views.remember(judgement),
            }
            key = {"of_monitor": number, "of_node": self.node_id}
            if look.outcome is Outcome.UP:
                if self._is_good_due(number, look.at):
                    good.append({**key, "good": look.evidence()})
            else:
                failed.append({**key, "evidence": look.evidence()})
            if (number, self.node_id) in self._stored:
                changed.append({**key, **plain})
            else:
                self._stored.add((number, self.node_id))
                blank = {"evidence": None, "good": None}
                added.append({"monitor_id": number, "node_id": self.node_id, **plain, **blank})
        table = MonitorView
        if added:
            session.execute(insert(MonitorView), added)
        for rows in (changed, failed, good):
            if rows:
                names = [name for name in rows[0] if name not in ("of_monitor", "of_node")]
                session.connection().execute(
                    update(table)
                    .where(
                        table.monitor_id == bindparam("of_monitor"),
                        table.node_id == bindparam("of_node"),
                    )
                    .values({name: bindparam(name) for name in names}),
                    rows,
                )

    def _is_good_due(self, number: int, at: datetime) -> bool:
        before = self._good_at.get(number)
        if before is not None and abs(at - before) < GOOD_EVERY:
            return False
        self._good_at[number] = at
        return True

    def _write_states(self, session: Session, looks: list[tuple[int, Look]]) -> None:
        latest = dict(looks)
        if not latest:
            return
        table = MonitorState
        rows = [
            {
                "of": number,
                "looked_at": look.at,
                "duration_ms": look.ms,
                "answer": look.detail,
                "certificate_expires_at": look.trace.certificate_expires_at,
            }
            for number, look in latest.items()
        ]
        names = [name for name in rows[0] if name != "of"]
        session.connection().execute(
            update(table)
            .where(table.monitor_id == bindparam("of"))
            .values({name: bindparam(name) for name in names}),
            rows,
        )

    def _read_others(self, session: Session, now: datetime) -> None:
        since = (self._seen_at or now - timedelta(days=2)) - timedelta(seconds=30)
        for view in node_views.since(session, since):
            one = self._by_id.get(view.monitor_id)
            if one is None or view.node_id == self.node_id:
                continue
            one.views[view.node_id] = node_views.recall(view.memory)
            one.details[view.node_id] = view.detail
            state = session.get(MonitorState, view.monitor_id)
            if state is not None and (state.looked_at is None or state.looked_at < view.looked_at):
                state.looked_at, state.duration_ms = view.looked_at, view.duration_ms
                state.answer = view.detail
                state.certificate_expires_at = view.certificate_expires_at
        self._seen_at = now

    def _listen(self, session: Session, now: datetime) -> None:
        """What came in at heartbeats since the last round, and times in which nobody listened."""
        waiting = [one for one in self.watched.values() if one.row.is_heartbeat]
        if self._round_at is not None and now - self._round_at > LISTENS_WITHIN:
            for one in waiting:
                one.blinded(self._round_at, now)
        self._round_at = now
        if not waiting:
            return
        for heard in session.scalars(select(Heartbeat)):
            called = self._by_id.get(heard.monitor_id)
            if called is not None and self._pings.get(heard.monitor_id) != heard.pings:
                self._pings[heard.monitor_id] = heard.pings
                called.listen(heard, list(called.beat.blind) if called.beat else [])

    def _conclude(self, session: Session, now: datetime) -> bool:
        is_public = False
        planned: set[str] | None = None
        for one in self._in_order:
            above = [self.watched[slug] for slug in one.row.depends_on if slug in self.watched]
            found = conclusions.conclude(
                one, above, quorum=self.quorum(one), nodes=self._nodes(), now=now
            )
            if found is None or (found.health is one.health and not one.is_silenced):
                if found is not None:
                    self._confirm_detail(session, one, found.detail)
                continue
            planned = _planned(session, now) if planned is None else planned
            is_planned = one.row.component in planned
            turned = found.health is not one.health
            # What lasts beyond a planned maintenance counts from its end on.
            since = found.since if turned else now
            is_public |= alerts.follow(
                session,
                one.row,
                found.health,
                since=since,
                detail=found.detail,
                is_planned=is_planned,
                now=now,
            )
            one.is_silenced = is_planned and found.health in NOT_WELL
            if turned:
                # What the public page calls unknown is another state too.
                if one.row.component and Health.UNKNOWN in (one.health, found.health):
                    revision.advance(session)
                    is_public = True
                self._turn(session, one, found)
        self._confirm(session, now)
        return is_public

    def quorum(self, one: Watched) -> int:
        """How many nodes must agree: as it is set, or most of those that look at it."""
        if one.row.quorum is not None:
            return one.row.quorum
        return 1 if one.row.nodes in ("any", "leader") else len(self.looking(one)) // 2 + 1

    def looking(self, one: Watched) -> list[int]:
        """The nodes that look at a monitor, by their numbers."""
        chosen = one.row.nodes
        if chosen in ("any", "leader", "all"):
            return sorted(self.present)
        wanted = set(chosen.split(","))
        return sorted(
            number
            for number, node in self.present.items()
            if node.name in wanted or wanted & set(node.labels)
        )

    def _turn(self, session: Session, one: Watched, found: conclusions.Conclusion) -> None:
        one.health, one.since, one.detail = found.health, found.since, found.detail
        states.turn(session, one.id, found.health, since=found.since, detail=found.detail)
        session.execute(
            update(MonitorState)
            .where(MonitorState.monitor_id == one.id)
            .values(
                health=found.health.value,
                since=found.since,
                detail=found.detail[: states.DETAIL],
                blind=stored_blind(one.beat),
            )
        )

    def _confirm_detail(self, session: Session, one: Watched, detail: str) -> None:
        if detail == one.detail or one.health is Health.UP:
            return
        one.detail = detail
        session.execute(
            update(MonitorState)
            .where(MonitorState.monitor_id == one.id)
            .values(detail=detail[: states.DETAIL])
        )

    def _confirm(self, session: Session, now: datetime) -> None:
        """Once a minute: that heartbeats are listened for, and which nodes are there."""
        if self._confirmed_at is not None and abs(now - self._confirmed_at) < CONFIRM_EVERY:
            return
        self._confirmed_at = now
        for one in self.watched.values():
            if one.row.is_heartbeat and not one.row.is_paused:
                session.execute(
                    update(MonitorState)
                    .where(MonitorState.monitor_id == one.id)
                    .values(looked_at=now, blind=stored_blind(one.beat))
                )

    def report(self, *, now: datetime) -> None:
        """Say that this node is there, and learn who else is."""
        with self._open_session() as session:
            session.expire_on_commit = False
            engine.begin_write(session)
            self.node_id = nodes.report(session, self._node, self._labels, now=now)
            self.present = nodes.present(session, now=now)
            session.commit()
            session.expunge_all()


def _taken(row: Monitor, before: Watched | None, state: MonitorState | None) -> Watched:
    """A monitor as it was read, with what was seen of it in memory."""
    one = Watched(row, plan_of(row), row.rule)
    if state is None:
        return one
    one.health, one.since, one.detail = Health(state.health), state.since, state.detail
    if before is not None and not _is_begun_anew(row, before, state):
        one.views, one.details = before.views, before.details
    return one


def _is_begun_anew(row: Monitor, before: Watched, state: MonitorState) -> bool:
    """Whether it was paused or resumed since: what was seen before that counts no more."""
    if row.is_paused or row.is_paused is not before.row.is_paused:
        return True
    if state.looked_at is not None or state.since is None:
        return False
    looks = [view.tail[0].at for view in list(before.views.values()) if view.tail]
    return any(at < state.since for at in looks)


def _planned(session: Session, now: datetime) -> set[str]:
    """The components in a maintenance that runs."""
    return {slug for row in windows.running(session, now=now) for slug in row.components}
