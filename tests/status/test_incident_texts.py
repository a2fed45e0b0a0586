"""An incident and its retrospective as text."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.status.incidents import Incident, IncidentUpdate, findings
from portal.status.retrospectives import Retrospective
from tests import rows
from tests.instants import NOW


def incident(session: Session, **values: Any) -> Incident:
    row = rows.incident(id=1, **values)
    session.add(row)
    session.flush()
    return row


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
