"""Findings: figures and alerts of each capture of an incident."""

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.status.incidents import Capture, Incident, findings
from tests import rows
from tests.instants import HOUR, NOW


@pytest.mark.unit
def test_the_figures_of_a_snapshot():
    body = json.dumps(
        {
            "metrics": {
                "lastScrapeAt": "2030-06-03T12:00:00Z",
                "scrapes": 0,
                "scrapers": [
                    {"name": "a", "isManual": False, "lastScrapeAt": "x", "ageSeconds": 240},
                    {"name": "new", "isManual": False, "lastScrapeAt": None, "ageSeconds": 9},
                    {"name": "me", "isManual": True, "lastScrapeAt": "x", "ageSeconds": 1},
                ],
            },
            "rateLimit": {"lifetime": {"hits": 7, "blocked": None}},
            "perimeter": 3,
            "workers": [
                {"name": "jobs", "pending": 4, "status": "error"},
                {"name": "mails", "pending": 0},
            ],
        }
    )
    assert findings.figures(body, "p_") == [
        ("p_metrics_last_scrape_timestamp", "1906718400.000"),
        ("p_metrics_scrapes_total", "0"),
        ("p_rate_limit_hits_total", "7"),
        ('p_worker_queue_pending{worker="jobs"}', "4"),
        ('p_worker_status{worker="jobs"}', "-1"),
        # Nothing is said of a status that is not there.
        ('p_worker_queue_pending{worker="mails"}', "0"),
        ('p_metrics_scraper_age_seconds{scraper="a"}', "240"),
    ]
    assert findings.figures("{}", "p_") == []


def incident(session: Session, **values: Any) -> Incident:
    row = rows.incident(id=1, **values)
    session.add(row)
    session.flush()
    return row


def capture(session: Session, at: datetime, **body: Any) -> None:
    session.add(
        Capture(
            id=f"c{at:%H}",
            incident_id=1,
            captured_at=at,
            captured_by="ada",
            sha256="s",
            body=json.dumps(body),
        )
    )
    session.flush()


def test_findings_without_a_capture_say_so(session: Session):
    row = incident(session)
    text = findings.of_captures(session, row, prefix="p_")
    assert text.splitlines() == ["# Findings of INC-1: Slow", "", "No snapshots were captured."]


def test_findings_list_figures_and_alerts_of_each_capture(session: Session):
    row = incident(session)
    alert = {"title": "A", "value": 1, "unit": "s", "threshold": 0, "since": "t"}
    capture(session, NOW, metrics={"scrapes": 5}, alerts=[alert])
    capture(session, NOW - HOUR)
    text = findings.of_captures(session, row, prefix="p_")
    # Without an alert nothing stands under the table.
    assert text.endswith("| --- | --- |\n")
    assert not text.endswith("\n\n")
    lines = text.splitlines()
    assert "No snapshots were captured." not in lines
    heads = [line for line in lines if line.startswith("## ")]
    assert heads == ["## Captured at 2030-06-03T12:00:00Z", "## Captured at 2030-06-03T11:00:00Z"]
    assert "| `p_metrics_scrapes_total` | 5 |" in lines
    number = lines.index("- A: 1 s (limit 0), since t")
    assert lines[number - 1 : number + 3] == ["", lines[number], "", heads[1]]
