"""Recording: looks go into the database in batches, and what follows from them with them.

Every node writes what it saw itself. The one that leads holds the views of all against quorum,
dependencies and heartbeats, writes what each monitor is, and opens and closes alerts, in the same
transaction. Nothing here is done on the event loop: a database may take its time.
"""

from collections.abc import Callable, Container, Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import chain
from portal.monitors import (
    alerts,
    conclusions,
    consequences,
    judging,
    node_views,
    nodes,
    queries,
    rows,
    states,
)
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.judging import Judgement, Result
from portal.monitors.looks import Look
from portal.monitors.monitor import Monitor
from portal.monitors.rows import Rows
from portal.monitors.watched import Watched, blind_times, watched_again
from portal.store import engine, revision

CONFIRM_EVERY = timedelta(seconds=60)
# Longer than that between two rounds nobody listened for heartbeats.
LISTENS_WITHIN = timedelta(seconds=90)


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
        self._rows = Rows()
        self._pings: dict[int, int] = {}
        self._revision: int | None = None
        # Whether somebody changed monitors since they were read, and looks that wait for that.
        self.is_outdated = False
        self.left_out: list[tuple[int, Look]] = []
        self._confirmed_at: datetime | None = None
        self._round_at: datetime | None = None
        self._seen_at: datetime | None = None

    def load(self, *, now: datetime) -> None:
        """Read monitors, states and views anew; what the nodes saw goes on from where it was."""
        with self._open_session() as session:
            session.expire_on_commit = False
            engine.begin_write(session)
            # Before all else: who changes something meanwhile makes it another number.
            number = revision.current(session, revision.MONITORS)
            node_id = nodes.report(session, self._node, self._labels, now=now)
            present = nodes.present(session, now=now)
            monitors = queries.every(session)
            known = states.by_monitor(session)
            heard = {row.monitor_id: row for row in session.scalars(select(Heartbeat))}
            before = self._by_id
            by_id: dict[int, Watched] = {}
            for row in monitors:
                by_id[row.id] = one = watched_again(row, before.get(row.id), known.get(row.id))
                if row.id in heard:
                    state = known.get(row.id)
                    one.listen(heard[row.id], blind_times(state.blind if state else []))
                    if row.id not in before and state is not None and state.looked_at is not None:
                        if now - state.looked_at > LISTENS_WITHIN:
                            one.blinded(state.looked_at, now)
            alarmed = {slug for _, slug in alerts.open_ones(session)}
            for one in by_id.values():
                # Such as after an edit that ended its alert, or in a maintenance.
                one.is_silenced = (
                    one.health in consequences.NOT_WELL and one.row.slug not in alarmed
                )
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
        self._rows.stored, self.node_id, self.present = stored, node_id, present
        self._revision, self.is_outdated = number, False
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

        Gives whether anything public changed. Monitors that somebody changed since they were read
        are left out: what was seen of one that is paused by now must not open an alert. Their
        looks are in `left_out`, to be recorded once monitors have been read anew.
        """
        # Of what was removed, paused or begun anew since they were made, nothing is written.
        looks = [(number, look) for number, look in looks if self._counts(number, look)]
        with self._open_session() as session:
            engine.begin_write(session)
            if leads:
                # Acts take this turn: none of them comes between.
                chain.lock(session)
            changed = self._changed(session)
            self.left_out = [pair for pair in looks if pair[0] in changed]
            looks = [pair for pair in looks if pair[0] not in changed]
            self._rows.write(session, self.node_id, looks, self._judgement)
            is_public = False
            if leads:
                self._listen(session, now)
                if reads_others:
                    self._read_others(session, now, changed)
                rows.write_states(session, looks)
                is_public = consequences.follow(
                    session, self._in_order, self.present, self.node_id, but=changed, now=now
                )
                self._confirm(session, now, changed)
            session.commit()
        return is_public

    def _changed(self, session: Session) -> Container[int]:
        """The monitors that were changed or removed since they were read."""
        if revision.current(session, revision.MONITORS) == self._revision:
            return ()
        self.is_outdated = True
        # SQLite gives the number of one that was removed to the next.
        rows = session.execute(select(Monitor.id, Monitor.version, Monitor.created_at))
        there = {row.id: (row.version, row.created_at) for row in rows}
        return {
            number
            for number, one in self._by_id.items()
            if there.get(number) != (one.row.version, one.row.created_at)
        }

    def _judgement(self, number: int) -> Judgement:
        return self._by_id[number].views[self.node_id]

    def _counts(self, number: int, look: Look) -> bool:
        one = self._by_id.get(number)
        if one is None or self.node_id not in one.views:
            return False
        return one.begun_at is None or look.at >= one.begun_at

    def is_anything_due(self, now: datetime) -> bool:
        """Whether something may follow from the time alone, such as the end of a maintenance."""
        if self._confirmed_at is None or abs(now - self._confirmed_at) >= CONFIRM_EVERY:
            return True
        return any(
            one.is_silenced or (one.beats_until is not None and one.beats_until <= now)
            for one in list(self.watched.values())
        )

    def _read_others(self, session: Session, now: datetime, changed: Container[int]) -> None:
        since = (self._seen_at or now - timedelta(days=2)) - timedelta(seconds=30)
        found = [view for view in node_views.since(session, since) if view.node_id != self.node_id]
        known = states.by_monitor(session, {view.monitor_id for view in found}) if found else {}
        for view in found:
            one = self._by_id.get(view.monitor_id)
            if one is None or view.monitor_id in changed:
                continue
            one.views[view.node_id] = node_views.recall(view.memory)
            one.details[view.node_id] = view.detail
            state = known.get(view.monitor_id)
            if state is not None and (state.looked_at is None or state.looked_at < view.looked_at):
                state.looked_at, state.duration_ms = view.looked_at, view.duration_ms
                state.answer = view.detail
                state.certificate_expires_at = view.certificate_expires_at
        if not changed:
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

    def _confirm(self, session: Session, now: datetime, changed: Container[int]) -> None:
        """Once a minute: that heartbeats are listened for."""
        if self._confirmed_at is None or abs(now - self._confirmed_at) >= CONFIRM_EVERY:
            self._confirmed_at = now
            there = [one for one in self.watched.values() if one.id not in changed]
            consequences.confirm(session, there, now=now)

    def report(self, *, now: datetime) -> None:
        """Say that this node is there, and learn who else is."""
        with self._open_session() as session:
            session.expire_on_commit = False
            engine.begin_write(session)
            self.node_id = nodes.report(session, self._node, self._labels, now=now)
            self.present = nodes.present(session, now=now)
            session.commit()
            session.expunge_all()
