"""Captures, findings and retrospectives of an incident as text."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.status.incidents import Capture, Incident, IncidentUpdate, findings
from portal.status.retrospectives import Retrospective
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
            "workers": [{"name": "jobs", "pending": 4, "status": "error"}],
        }
    )
    assert findings.figures(body, "p_") == [
        ("p_metrics_last_scrape_timestamp", "1906718400.000"),
        ("p_metrics_scrapes_total", "0"),
        ("p_rate_limit_hits_total", "7"),
        ('p_worker_queue_pending{worker="jobs"}', "4"),
        ('p_worker_status{worker="jobs"}', "-1"),
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


def retrospective(**values: Any) -> Retrospective:
    return Retrospective(
        **{
            "id": 1,
            "root_cause_category": "deploy",
            "root_cause": "",
            "impact": "",
            "actions": [],
            "is_published": False,
            "version": 1,
            **values,
        }
    )


def test_an_incident_as_text(session: Session):
    row = incident(session)
    for minutes, status, message in ((50, "investigating", "We\nlook."), (40, None, "inside")):
        session.add(
            IncidentUpdate(
                incident_id=1,
                at=NOW - timedelta(minutes=minutes),
                status=status,
                message=message,
                is_public=status is not None,
                author="ada",
            )
        )
    session.flush()
    text = findings.markdown(session, row, None, prefix="p_")
    assert "- Resolved: not yet\n- Root cause: not set\n- Components: none\n" in text
    assert "## Actions" not in text
    assert (
        "## Timeline\n\n- 2030-06-03T11:10:00Z **investigating** (ada): We look.\n"
        "- 2030-06-03T11:20:00Z **note** (ada): inside\n\n# Findings" in text
    )


def test_a_retrospective_as_text(session: Session):
    row = incident(session, resolved_at=NOW, root_cause_category="network_acl")
    text = findings.markdown(session, row, retrospective(), prefix="p_")
    assert "- Resolved: 2030-06-03T12:00:00Z\n- Root cause: network acl\n" in text
    assert "## Impact\n\nNot written.\n\n## Root cause\n\nNot written.\n" in text
    assert "## Actions\n\nNone.\n" in text
    kept = retrospective(
        impact="I",
        root_cause="R",
        actions=[
            {"kind": "alert", "text": "a", "owner": "bob", "dueAt": "2030-07-01", "done": True},
            {"kind": "other", "text": "b"},
        ],
    )
    text = findings.markdown(session, row, kept, prefix="p_")
    assert "## Impact\n\nI\n\n## Root cause\n\nR\n\n## Actions\n\n" in text
    assert "- [x] (alert) a, bob, due 2030-07-01\n- [ ] (other) b\n" in text
    assert "None." not in text
