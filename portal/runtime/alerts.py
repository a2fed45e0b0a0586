"""Alerts: pure rules from a snapshot to what holds now."""

from datetime import timedelta

from portal.runtime.snapshot import (
    LATELY_SECONDS,
    Alert,
    Metrics,
    Perimeter,
    RateLimit,
    Readiness,
    Snapshot,
    Waf,
)

PRESSURE_RATIO = 0.1
PRESSURE_HITS = 50
SPIKE_WITHIN = timedelta(seconds=LATELY_SECONDS)
SPIKE_REFUSALS = 20
WAITING = 3
OLD_BOARD_SECONDS = 60
# Those of monitors, which have episodes of their own: portal/monitors/alerts.py.
MONITOR_DOWN, MONITOR_DEGRADED = "monitor-down", "monitor-degraded"


def hold(snapshot: Snapshot, *, runbook: str) -> list[Alert]:
    """The alerts of a snapshot, the most urgent first."""
    return [
        *_readiness(snapshot.readiness, snapshot, runbook),
        *_exporter(snapshot.metrics, snapshot, runbook),
        *_workers(snapshot, runbook),
        *_pool(snapshot, runbook),
        *_pressure(snapshot, runbook),
        *_spike("waf-spike", "WAF refusals", snapshot.waf, snapshot, runbook),
        *_spike("perimeter-spike", "Perimeter refusals", snapshot.perimeter, snapshot, runbook),
        *_near(snapshot.rate_limit, runbook),
        *_board(snapshot, runbook),
        *_spool(snapshot, runbook),
    ]


def _readiness(readiness: Readiness, snapshot: Snapshot, runbook: str) -> list[Alert]:
    failing = [check.name for check in readiness.checks if check.status == "fail"]
    if not failing:
        return []
    return [
        Alert(
            id="readiness-failing",
            title="Not ready",
            severity="critical",
            since=snapshot.generated_at,
            value=len(failing),
            threshold=0,
            unit="checks",
            labels={"checks": ", ".join(failing)},
            runbook=f"{runbook}#section-1",
        )
    ]


def _exporter(metrics: Metrics, snapshot: Snapshot, runbook: str) -> list[Alert]:
    """One alert for the scraper that has been away longest."""
    stale = [one for one in metrics.scrapers if one.stale and not one.is_manual]
    if not stale:
        return []
    worst = max(stale, key=lambda one: one.age_seconds)
    others = [one.name for one in metrics.scrapers if not one.is_manual and not one.stale]
    since = worst.last_scrape_at or (
        snapshot.generated_at - timedelta(seconds=worst.age_seconds)
    ).replace(microsecond=0)
    return [
        Alert(
            id="exporter-stale",
            title="Exporter stale",
            severity="critical",
            since=since,
            value=worst.age_seconds,
            threshold=metrics.stale_threshold_seconds,
            unit="s",
            labels={
                "scraper": ", ".join(sorted(one.name for one in stale)),
                # Who went on coming: for that time there are figures all the same.
                **({"others": ", ".join(sorted(others))} if others else {}),
            },
            runbook=f"{runbook}#section-2",
        )
    ]


def _near(rate_limit: RateLimit, runbook: str) -> list[Alert]:
    """One alert for the key that is nearest to its limit."""
    if not rate_limit.approaching_limit:
        return []
    worst = rate_limit.approaching_limit[0]
    return [
        Alert(
            id="rate-limit-near",
            title="Limit near",
            severity="warning",
            since=rate_limit.current_window.started_at,
            value=round(worst.used * 100, 1),
            threshold=80,
            unit="%",
            labels={"key": worst.key, "keys": str(len(rate_limit.approaching_limit))},
            runbook=f"{runbook}#section-3",
        )
    ]


def _pressure(snapshot: Snapshot, runbook: str) -> list[Alert]:
    """So large a share of this window's requests was refused."""
    window = snapshot.rate_limit.current_window
    if window.hits < PRESSURE_HITS or window.blocked_ratio <= PRESSURE_RATIO:
        return []
    return [
        Alert(
            id="rate-limit-pressure",
            title="Limit pressed",
            severity="warning",
            since=window.started_at,
            value=window.blocked_ratio,
            threshold=PRESSURE_RATIO,
            unit="ratio",
            labels={"key": window.busiest_key or "", "blocked": str(window.blocked)},
            runbook=f"{runbook}#section-3",
        )
    ]


def _spike(
    id: str, title: str, defence: Waf | Perimeter, snapshot: Snapshot, runbook: str
) -> list[Alert]:
    """So many refusals of one defence within five minutes; the list of them reaches less far."""
    refusals = defence.recent_blocks if isinstance(defence, Waf) else defence.recent
    late = [one.at for one in refusals if snapshot.generated_at - one.at <= SPIKE_WITHIN]
    count = max(len(late), defence.blocked_lately)
    if count < SPIKE_REFUSALS or not late:
        return []
    return [
        Alert(
            id=id,
            title=title,
            severity="warning",
            since=min(late),
            value=count,
            threshold=SPIKE_REFUSALS,
            unit="refusals",
            labels={"address": refusals[0].address},
            runbook=f"{runbook}#section-3",
        )
    ]


def _workers(snapshot: Snapshot, runbook: str) -> list[Alert]:
    """One alert a worker in error, and one a worker whose jobs do not move."""
    found = []
    for worker in snapshot.workers:
        last = worker.last_sample_at or snapshot.generated_at
        if worker.status == "error":
            found.append(
                Alert(
                    id="worker-error",
                    subject=worker.name,
                    title="Worker in error",
                    severity="critical" if worker.is_required else "warning",
                    since=last,
                    value=int((snapshot.generated_at - last).total_seconds()),
                    threshold=worker.interval_ms * 3 / 1000,
                    unit="s",
                    labels={"worker": worker.name, "note": worker.note},
                    runbook=f"{runbook}#section-3",
                )
            )
        if worker.stuck:
            found.append(
                Alert(
                    id="worker-stuck",
                    subject=worker.name,
                    title="Jobs stuck",
                    severity="warning",
                    since=last,
                    value=worker.stuck,
                    threshold=0,
                    unit="jobs",
                    labels={"worker": worker.name},
                    runbook=f"{runbook}#section-3",
                )
            )
    return found


def _pool(snapshot: Snapshot, runbook: str) -> list[Alert]:
    pool = snapshot.database_pool
    if pool.pending < WAITING:
        return []
    return [
        Alert(
            id="pool-waiting",
            title="Pool waiting",
            severity="warning",
            since=snapshot.generated_at,
            value=pool.pending,
            threshold=WAITING,
            unit="threads",
            labels={"borrowed": str(pool.borrowed)},
            runbook=f"{runbook}#section-4",
        )
    ]


def _board(snapshot: Snapshot, runbook: str) -> list[Alert]:
    """What the public sees has not been confirmed for long."""
    board = snapshot.maintenance
    if board is None or board.board_age_seconds <= OLD_BOARD_SECONDS:
        return []
    return [
        Alert(
            id="board-old",
            title="Board old",
            severity="warning",
            since=snapshot.generated_at - timedelta(seconds=board.board_age_seconds),
            value=board.board_age_seconds,
            threshold=OLD_BOARD_SECONDS,
            unit="s",
            labels={},
            runbook=f"{runbook}#section-1",
        )
    ]


def _spool(snapshot: Snapshot, runbook: str) -> list[Alert]:
    """Events of the audit log that the database has not taken yet."""
    security = snapshot.security
    if security is None or not security.spooled:
        return []
    return [
        Alert(
            id="audit-spooling",
            title="Audit log spooling",
            severity="warning",
            since=snapshot.generated_at,
            value=security.spooled,
            threshold=0,
            unit="events",
            labels={},
            runbook=f"{runbook}#section-4",
        )
    ]


def join(held: list[Alert], foreign: list[Alert]) -> list[Alert]:
    """All alerts that hold; what a rule of ours for Prometheus says too is one row with its own.

    The rules in `deploy/prometheus/alerts.yml` name the portal's alert in a label.
    """
    found = list(held)
    for alert in foreign:
        own = alert.labels.get("portal_alert")
        subject = alert.labels.get("worker") or alert.labels.get("monitor", "")
        same = next((one for one in held if (one.id, one.subject) == (own, subject)), None)
        if same is None:
            found.append(alert)
        elif alert.id not in same.also:
            same.also.append(alert.id)
    return found
