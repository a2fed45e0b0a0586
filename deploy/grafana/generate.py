"""Write the dashboards: `python -m deploy.grafana.generate`. A test holds them against this.

One file, longer than others, because most of it is the table of what is drawn.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HERE = '{instance=~"$instance"}'

# title → kind, unit, expressions with their legends; `%` stands for the instances chosen.
DASHBOARDS: dict[str, tuple[str, list[tuple[str, str, str, list[tuple[str, str]]]]]] = {
    "rate-limit": (
        "Portal: rate limit",
        [
            (
                "Hits since start",
                "stat",
                "short",
                [("sum(gigvora_rate_limit_hits_total%)", "hits")],
            ),
            (
                "Blocked since start",
                "stat",
                "short",
                [("sum(gigvora_rate_limit_blocked_total%)", "blocked")],
            ),
            (
                "Share refused in this window",
                "stat",
                "percentunit",
                [("max(gigvora_rate_limit_window_blocked_ratio%)", "share")],
            ),
            ("Storage answers", "stat", "short", [("min(gigvora_rate_limit_storage_up%)", "up")]),
            (
                "Requests a second",
                "timeseries",
                "reqps",
                [
                    ("sum(rate(gigvora_rate_limit_allowed_total%[5m]))", "allowed"),
                    ("sum(rate(gigvora_rate_limit_blocked_total%[5m]))", "blocked"),
                ],
            ),
            (
                "Hits an hour",
                "timeseries",
                "short",
                [("sum(increase(gigvora_rate_limit_hits_total%[1h]))", "hits")],
            ),
            (
                "Active keys",
                "timeseries",
                "short",
                [("gigvora_rate_limit_active_keys%", "{{instance}}")],
            ),
            (
                "Requests a second in the window",
                "timeseries",
                "reqps",
                [("gigvora_rate_limit_rps%", "{{instance}}")],
            ),
        ],
    ),
    "waf": (
        "Portal: WAF",
        [
            (
                "Looked at since start",
                "stat",
                "short",
                [("sum(gigvora_waf_evaluated_requests_total%)", "looked at")],
            ),
            (
                "Refused since start",
                "stat",
                "short",
                [("sum(gigvora_waf_blocked_requests_total%)", "refused")],
            ),
            (
                "Automatic blocks in force",
                "stat",
                "short",
                [("max(gigvora_waf_active_auto_blocks%)", "blocks")],
            ),
            ("Errors since start", "stat", "short", [("sum(gigvora_waf_errors_total%)", "errors")]),
            (
                "Refusals a second by rule",
                "timeseries",
                "reqps",
                [("sum by (rule) (rate(gigvora_waf_rule_hits_total%[5m]))", "{{rule}}")],
            ),
            (
                "Looked at and refused a second",
                "timeseries",
                "reqps",
                [
                    ("sum(rate(gigvora_waf_evaluated_requests_total%[5m]))", "looked at"),
                    ("sum(rate(gigvora_waf_blocked_requests_total%[5m]))", "refused"),
                ],
            ),
            (
                "Automatic blocks an hour",
                "timeseries",
                "short",
                [("sum(increase(gigvora_waf_auto_block_events_total%[1h]))", "blocks")],
            ),
            (
                "Since the last refusal",
                "stat",
                "s",
                [("time() - max(gigvora_waf_last_block_timestamp% > 0)", "ago")],
            ),
        ],
    ),
    "perimeter": (
        "Portal: perimeter",
        [
            (
                "Refused since start",
                "stat",
                "short",
                [("sum(gigvora_perimeter_blocked_requests_total%)", "refused")],
            ),
            (
                "Blocks in force",
                "stat",
                "short",
                [("max(gigvora_perimeter_active_blocks%)", "blocks")],
            ),
            (
                "Origins refused lately",
                "stat",
                "short",
                [("max(gigvora_perimeter_active_blocked_origins%)", "origins")],
            ),
            (
                "Since the last refusal",
                "stat",
                "s",
                [("time() - max(gigvora_perimeter_last_block_timestamp% > 0)", "ago")],
            ),
            (
                "Refusals a second",
                "timeseries",
                "reqps",
                [
                    (
                        "sum by (instance) (rate(gigvora_perimeter_blocked_requests_total%[5m]))",
                        "{{instance}}",
                    )
                ],
            ),
            (
                "Blocks in force over time",
                "timeseries",
                "short",
                [
                    ("max(gigvora_perimeter_active_blocks%)", "blocks"),
                    ("max(gigvora_waf_active_auto_blocks%)", "automatic"),
                ],
            ),
        ],
    ),
    "workers": (
        "Portal: workers",
        [
            (
                "In error",
                "stat",
                "short",
                [("count(gigvora_worker_status% == -1) or vector(0)", "workers")],
            ),
            ("Pending", "stat", "short", [("sum(gigvora_worker_queue_pending%)", "jobs")]),
            ("Stuck", "stat", "short", [("sum(gigvora_worker_queue_stuck%)", "jobs")]),
            ("Failed", "stat", "short", [("sum(gigvora_worker_queue_failed%)", "jobs")]),
            (
                "Pending jobs",
                "timeseries",
                "short",
                [("max by (worker) (gigvora_worker_queue_pending%)", "{{worker}}")],
            ),
            (
                "Stuck and failed jobs",
                "timeseries",
                "short",
                [
                    ("max by (worker) (gigvora_worker_queue_stuck%)", "{{worker}} stuck"),
                    ("max by (worker) (gigvora_worker_queue_failed%)", "{{worker}} failed"),
                ],
            ),
            (
                "Status: 1 healthy, 0 stopped, -1 error",
                "timeseries",
                "short",
                [("min by (worker) (gigvora_worker_status%)", "{{worker}}")],
            ),
            (
                "Age of the last sample, in intervals",
                "timeseries",
                "short",
                [
                    (
                        "(time() - max by (worker) (gigvora_worker_last_sample_timestamp% > 0))"
                        " * 1000"
                        " / max by (worker) (gigvora_worker_interval_ms%)",
                        "{{worker}}",
                    )
                ],
            ),
        ],
    ),
    "monitors": (
        "Portal: monitors",
        [
            (
                "Down",
                "stat",
                "short",
                [("count(max by (monitor) (gigvora_monitor_up%) == 0) or vector(0)", "monitors")],
            ),
            (
                "Up",
                "stat",
                "short",
                [("count(max by (monitor) (gigvora_monitor_up%) == 1) or vector(0)", "monitors")],
            ),
            (
                "Next certificate to end",
                "stat",
                "s",
                [("min(gigvora_monitor_certificate_expiry_timestamp%) - time()", "left")],
            ),
            (
                "Longest since a look",
                "stat",
                "s",
                [("time() - min(max by (monitor) (gigvora_monitor_last_run_timestamp%))", "ago")],
            ),
            (
                "Response time",
                "timeseries",
                "s",
                [("max by (monitor) (gigvora_monitor_duration_seconds%)", "{{monitor}}")],
            ),
            (
                "Up: 1, down: 0",
                "timeseries",
                "short",
                [("max by (monitor) (gigvora_monitor_up%)", "{{monitor}}")],
            ),
        ],
    ),
    "database-pool": (
        "Portal: database pool",
        [
            ("Open", "stat", "short", [("sum(gigvora_database_pool_size%)", "connections")]),
            ("In use", "stat", "short", [("sum(gigvora_database_pool_borrowed%)", "connections")]),
            ("Waiting", "stat", "short", [("sum(gigvora_database_pool_pending%)", "threads")]),
            (
                "Since the last event",
                "stat",
                "s",
                [("time() - max(gigvora_database_pool_last_event_timestamp% > 0)", "ago")],
            ),
            (
                "Connections",
                "timeseries",
                "short",
                [
                    ("gigvora_database_pool_borrowed%", "{{instance}} in use"),
                    ("gigvora_database_pool_available%", "{{instance}} free"),
                ],
            ),
            (
                "Threads that wait",
                "timeseries",
                "short",
                [("gigvora_database_pool_pending%", "{{instance}}")],
            ),
            (
                "Age of the board",
                "timeseries",
                "s",
                [("gigvora_board_age_seconds%", "{{instance}}")],
            ),
        ],
    ),
}


def dashboard(name: str) -> dict[str, Any]:
    """One dashboard as Grafana imports it."""
    title, rows = DASHBOARDS[name]
    return {
        "uid": f"portal-{name}",
        "title": title,
        "tags": ["portal"],
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                {
                    "name": "instance",
                    "type": "query",
                    "datasource": SOURCE,
                    "refresh": 2,
                    "query": "label_values(gigvora_metrics_scrapes_total, instance)",
                    "multi": True,
                    "includeAll": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "links": [{"title": "Runbook", "type": "link", "url": "/panel/runbook"}],
        "panels": list(_panels(rows)),
    }


def _panels(rows: list[tuple[str, str, str, list[tuple[str, str]]]]) -> Iterator[dict[str, Any]]:
    across = down = 0
    for number, (title, kind, unit, queries) in enumerate(rows, 1):
        width, height = (6, 4) if kind == "stat" else (12, 8)
        if across + width > 24:
            across, down = 0, down + (4 if kind == "stat" else 8)
        elif kind != "stat" and across == 0 and down == 0:
            down = 4
        yield {
            "id": number,
            "title": title,
            "type": kind,
            "datasource": SOURCE,
            "gridPos": {"x": across, "y": down, "w": width, "h": height},
            "fieldConfig": {"defaults": {"unit": unit, "min": None}, "overrides": []},
            "targets": [
                {
                    "refId": chr(65 + index),
                    "datasource": SOURCE,
                    "expr": expression.replace("%", HERE),
                    "legendFormat": legend,
                }
                for index, (expression, legend) in enumerate(queries)
            ],
        }
        across += width


def text(name: str) -> str:
    return json.dumps(dashboard(name), indent=2) + "\n"


if __name__ == "__main__":
    for one in DASHBOARDS:
        (FOLDER / f"{one}.json").write_text(text(one), encoding="utf-8")
