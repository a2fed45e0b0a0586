"""Monitors as they are answered: what they are, how they stand, and never their secrets."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.monitors import node_views, queries, states
from portal.monitors.credentials import Credentials
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.kinds.table import config_of
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.node_views import MonitorView
from portal.monitors.nodes import MonitorNode
from portal.monitors.schemas import KIND_FIELDS, Evidence, MonitorOut
from portal.monitors.states import NOT_YET, MonitorState
from portal.status.components import State


class Shown:
    """Makes answers of rows; `url` is what the addresses of heartbeats begin with."""

    def __init__(self, credentials: Credentials, url: str) -> None:
        self._credentials, self._url = credentials, url

    def one(self, session: Session, row: Monitor, *, now: datetime) -> MonitorOut:
        """A monitor with the evidence of the last look that failed."""
        seen = node_views.of(session, [row.id])
        names = {node.id: node.name for node in session.scalars(select(MonitorNode))}
        heard = session.get(Heartbeat, row.id)
        state = session.get(MonitorState, row.id)
        return self.out(row, state, heard, last_evidence(seen, names), now=now)

    def every(self, session: Session, *, now: datetime) -> list[MonitorOut]:
        """All monitors without their evidence, by name."""
        known = states.by_monitor(session)
        heard = {row.monitor_id: row for row in session.scalars(select(Heartbeat))}
        return [
            self.out(row, known.get(row.id), heard.get(row.id), None, now=now)
            for row in queries.every(session)
        ]

    def heartbeat_url(self, heard: Heartbeat | None) -> str | None:
        return f"{self._url}/heartbeat/{heard.token}" if heard is not None else None

    def out(
        self,
        row: Monitor,
        state: MonitorState | None,
        heard: Heartbeat | None,
        evidence: Evidence | None,
        *,
        now: datetime,
    ) -> MonitorOut:
        secrets = self._credentials.readable(row.credentials)
        config = config_of(row.kind, row.config)
        of_kind = {name: getattr(config, name, None) for name in KIND_FIELDS}
        if "assertions" in of_kind and of_kind["assertions"] is not None:
            of_kind["assertions"] = [one.model_dump() for one in of_kind["assertions"]]
        last = heard.pinged_at if heard is not None else state.looked_at if state else None
        took = heard.took_ms if heard is not None else state.duration_ms if state else None
        return MonitorOut(
            **of_kind,
            slug=row.slug,
            name=row.name,
            kind=Kind(row.kind),
            component=row.component,
            interval_seconds=row.interval_seconds,
            timeout_seconds=row.timeout_seconds,
            down_after=f"{row.down_count} of {row.down_of}",
            up_after=row.up_after,
            depends_on=row.depends_on,
            nodes=row.nodes,
            quorum=row.quorum,
            inverted=row.is_inverted,
            paused=row.is_paused,
            impact=State(row.impact),
            latency_limit_ms=row.latency_limit_ms,
            certificate_days=row.certificate_days,
            shows_latency=row.shows_latency,
            has_password=bool(secrets.get("password")),
            has_bearer_token=bool(secrets.get("bearerToken")),
            secret_headers=sorted(secrets.get("secretHeaders") or {}),
            heartbeat_url=self.heartbeat_url(heard),
            state=states.health_at(row, state, now=now),
            since=states.since_at(row, state, now=now),
            detail=state.detail if state is not None else NOT_YET,
            last_run_at=last,
            last_duration_ms=None if took is None else round(took, 2),
            certificate_expires_at=state.certificate_expires_at if state else None,
            evidence=evidence,
            version=row.version,
        )


def last_evidence(seen: Iterable[MonitorView], names: Mapping[int, str]) -> Evidence | None:
    """What the latest look brought that failed, of any node."""
    failed = [(view, view.evidence) for view in seen if view.evidence is not None]
    if not failed:
        return None
    view, evidence = max(failed, key=lambda pair: str(pair[1]["at"]))
    return Evidence(**evidence, node=names.get(view.node_id, ""))
