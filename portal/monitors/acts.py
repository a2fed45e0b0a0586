"""What operators do with monitors."""

from collections.abc import Callable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.monitors import alerts, heartbeats, queries, states
from portal.monitors.credentials import Credentials
from portal.monitors.health import Health
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.kinds.base import Config, reach
from portal.monitors.kinds.table import config_of
from portal.monitors.monitor import Monitor
from portal.monitors.node_views import MonitorView
from portal.monitors.schemas import MonitorIn
from portal.monitors.states import NOT_YET, MonitorState
from portal.monitors.targets import TargetError, Targets
from portal.status import components
from portal.store import revision
from portal.unit_of_work import Acts, Transaction, act, changed_fields

MOST_MONITORS = 5000


class Monitors(Acts):
    """Acts on monitors. `is_free` says that the target may be any that an admin may choose."""

    def __init__(
        self,
        open_session: Callable[[], Session],
        on_change: Callable[[], object] = lambda: None,
        *,
        credentials: Credentials,
        targets: Targets,
    ) -> None:
        super().__init__(open_session, on_change)
        self.credentials, self.targets = credentials, targets

    @act
    def add(self, tx: Transaction, new: MonitorIn, *, is_free: bool = False) -> Monitor:
        """A new monitor; RuleError for a taken slug, or a target that is not allowed."""
        if queries.find(tx.session, new.slug) is not None:
            raise RuleError("slug", "This slug is taken. Choose another one.")
        if queries.count(tx.session) >= MOST_MONITORS:
            raise RuleError("slug", f"There can be {MOST_MONITORS} monitors at most.")
        config = self._checked(tx, new, is_free)
        row = Monitor(slug=new.slug, is_paused=False, created_at=tx.now)
        row.is_free = is_free and self._needs_freedom(config)
        new.apply(row, config)
        row.credentials = self.credentials.encrypt(new.secrets())
        return self._added(tx, row)

    @act
    def edit(self, tx: Transaction, slug: str, content: MonitorIn, *, is_free: bool) -> Monitor:
        """Replace what is said of a monitor; slug and kind stay, as its history hangs on them."""
        row = tx.expect(queries.find(tx.session, slug))
        if content.slug != row.slug:
            raise RuleError("slug", "A slug cannot be changed.")
        if content.kind != row.kind:
            raise RuleError("kind", "A kind cannot be changed. Make another monitor.")
        config_before = row.config
        shown_as = (row.component, row.impact)
        # What an admin allowed stays allowed until somebody else aims it elsewhere.
        config = self._checked(tx, content, is_free or row.is_free, before=row)
        fields = changed_fields(row, lambda: content.apply(row, config))
        if row.config != config_before and not is_free and row.is_free:
            self._check_hosts(config, is_free=False)
        if row.config != config_before or is_free:
            row.is_free = is_free and self._needs_freedom(config)
        secrets, stored = content.secrets(), row.credentials
        # Secrets go to where they were typed for; aimed elsewhere, they must be typed again.
        is_same = reach(config) == reach(config_of(row.kind, config_before))
        if secrets or not is_same:
            kept = self.credentials.readable(stored) if is_same else {}
            row.credentials = self.credentials.encrypt(kept | secrets)
            fields += ["credentials"] if row.credentials != stored else []
        if row.config != config_before:
            # What was seen elsewhere says nothing of where it is aimed now.
            tx.session.execute(delete(MonitorView).where(MonitorView.monitor_id == row.id))
        if (row.component, row.impact) != shown_as:
            # The worker opens it again, on the component and with the impact that it has now.
            alerts.close_all(tx.session, row, now=tx.now)
        revision.advance(tx.session, revision.MONITORS)
        return tx.done(row, "monitor.changed", monitor=row.slug, fields=sorted(set(fields)))

    @act
    def duplicate(
        self, tx: Transaction, slug: str, *, as_slug: str, is_free: bool = False
    ) -> Monitor:
        """The same once more under another slug, paused until somebody has looked it over."""
        source = tx.expect(queries.find(tx.session, slug))
        if queries.find(tx.session, as_slug) is not None:
            raise RuleError("slug", "This slug is taken. Choose another one.")
        row = Monitor()
        for column in Monitor.__table__.columns:
            if column.key not in {"id", "version"}:
                setattr(row, column.key, getattr(source, column.key))
        row.slug, row.name = as_slug, f"{source.name[:73]} (copy)"
        row.is_paused, row.created_at = True, tx.now
        row.is_free = source.is_free and is_free
        return self._added(tx, row)

    @act
    def pause(self, tx: Transaction, slug: str) -> Monitor:
        """Look no more until it is resumed; what it said is not counted meanwhile."""
        return self._set_paused(tx, slug, True)

    @act
    def resume(self, tx: Transaction, slug: str) -> Monitor:
        """Look again, from now on."""
        return self._set_paused(tx, slug, False)

    @act
    def remove(self, tx: Transaction, slug: str) -> Monitor:
        """Remove a monitor with its results and history; its open alert ends."""
        row = tx.expect(queries.find(tx.session, slug))
        below = tx.session.scalars(select(Monitor).where(Monitor.id != row.id))
        for other in below:
            if slug in other.depends_on:
                other.depends_on = [one for one in other.depends_on if one != slug]
        alerts.close_all(tx.session, row, now=tx.now)
        tx.session.execute(delete(Monitor).where(Monitor.id == row.id))
        revision.advance(tx.session, revision.MONITORS)
        tx.audit("monitor.removed", monitor=row.slug, name=row.name)
        return row

    def _set_paused(self, tx: Transaction, slug: str, is_paused: bool) -> Monitor:
        """To pause twice is to pause once."""
        row = tx.expect(queries.find(tx.session, slug))
        if row.is_paused == is_paused:
            return row
        row.is_paused = is_paused
        self._begin_anew(tx, row)
        return tx.done(row, f"monitor.{'paused' if is_paused else 'resumed'}", monitor=row.slug)

    def _added(self, tx: Transaction, row: Monitor) -> Monitor:
        tx.add(row)
        tx.session.flush()
        if row.is_heartbeat:
            tx.session.add(Heartbeat(monitor_id=row.id, token=heartbeats.new_token(), pings=0))
        self._begin_anew(tx, row)
        return tx.done(row, "monitor.created", monitor=row.slug, kind=row.kind, name=row.name)

    def _begin_anew(self, tx: Transaction, row: Monitor) -> None:
        """Unknown from now on, with nothing remembered."""
        detail = "Paused" if row.is_paused else NOT_YET
        state = tx.session.get(MonitorState, row.id)
        if state is None:
            state = MonitorState(monitor_id=row.id, answer="")
            tx.session.add(state)
        state.health, state.since, state.detail = Health.UNKNOWN.value, tx.now, detail
        state.looked_at = state.duration_ms = state.certificate_expires_at = None
        state.blind = []
        tx.session.execute(delete(MonitorView).where(MonitorView.monitor_id == row.id))
        states.turn(tx.session, row.id, Health.UNKNOWN, since=tx.now, detail=detail)
        alerts.close_all(tx.session, row, now=tx.now)
        revision.advance(tx.session, revision.MONITORS)

    def _checked(
        self, tx: Transaction, content: MonitorIn, is_free: bool, *, before: Monitor | None = None
    ) -> Config:
        """The configuration of a monitor that may be; RuleError for one that may not."""
        config = content.config()
        if content.component is not None:
            components.known(tx.session, [content.component], field="component")
        above = queries.known(tx.session, content.depends_on, field="dependsOn")
        _refuse_circles(tx.session, content.slug, list(above))
        if before is None or before.config != config.model_dump(mode="json", by_alias=True):
            self._check_hosts(config, is_free=is_free)
        return config

    def _needs_freedom(self, config: Config) -> bool:
        """Whether the rules for everybody may refuse one of its hosts."""
        return any(self.targets.may_refuse(host) for host in config.hosts)

    def _check_hosts(self, config: Config, *, is_free: bool) -> None:
        targets = self.targets.freed(config.hosts if is_free else ())
        for host in config.hosts:
            try:
                targets.check_name(host)
            except TargetError as error:
                raise RuleError("url" if hasattr(config, "url") else "host", str(error)) from None


def _refuse_circles(session: Session, slug: str, above: list[str]) -> None:
    """RuleError when one of those above a monitor is below it."""
    parents = {row.slug: row.depends_on for row in session.scalars(select(Monitor))}
    reached, waiting = set[str](), list(above)
    while waiting:
        one = waiting.pop()
        if one == slug:
            raise RuleError("dependsOn", "A monitor cannot depend on itself, over others neither.")
        if one not in reached:
            reached.add(one)
            waiting += parents.get(one, [])
