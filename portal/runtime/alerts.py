"""Alerts: pure rules from a snapshot to what holds now."""

from datetime import timedelta

from portal.runtime.snapshot import Alert, Metrics, RateLimit, Readiness, Snapshot


def hold(snapshot: Snapshot, *, runbook: str) -> list[Alert]:
    """The alerts of a snapshot, the most urgent first."""
    return [
        *_readiness(snapshot.readiness, snapshot, runbook),
        *_exporter(snapshot.metrics, snapshot, runbook),
        *_near(snapshot.rate_limit, runbook),
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
            labels={"scraper": ", ".join(sorted(one.name for one in stale))},
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
