"""The Statuspage API: incidents with their updates and postmortems; on values alone."""

import pytest

from tests.board.documents import update, whole
from tests.board.pictures import banner, event, part, picture
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


def test_statuspage_incidents():
    lines = [
        update(1, "d", "monitoring"),
        update(3, "c", "identified"),
        update(5, "b", "monitoring"),
        update(9, "a", "investigating"),
    ]
    shown = picture(
        components=(part("api"),),
        incidents=(
            event("INC-1", started_at=NOW - 3 * HOUR),
            event(
                "INC-2",
                started_at=NOW - HOUR,
                updates=lines,
                status="resolved",
                resolved_at=NOW,
                components=[
                    {"component": "api", "state": "major_outage"},
                    {"component": "gone", "state": "major_outage"},
                ],
            ),
            event("INC-3", audiences=["admin"]),
        ),
    )
    late, early = whole(shown, "incidents")["incidents"]
    assert (late["id"], early["id"]) == ("INC-2", "INC-1")
    assert [one["id"] for one in late["incident_updates"]] == [
        "INC-2-4",
        "INC-2-3",
        "INC-2-2",
        "INC-2-1",
    ]
    assert {one["deliver_notifications"] for one in late["incident_updates"]} == {True}
    assert late["updated_at"] == "2030-06-03T11:59:00.000Z"
    assert late["monitoring_at"] == "2030-06-03T11:55:00.000Z"
    assert late["resolved_at"] == "2030-06-03T12:00:00.000Z"
    assert [one["id"] for one in late["components"]] == ["api"]
    assert (early["monitoring_at"], early["resolved_at"]) == (None, None)
    assert early["updated_at"] == early["started_at"] == "2030-06-03T09:00:00.000Z"
    unresolved = whole(shown, "incidents/unresolved")["incidents"]
    assert [one["id"] for one in unresolved] == ["INC-1"]


def test_statuspage_says_which_components_an_update_is_about():
    shown = picture(
        components=(part("api"), part("hidden", is_public=False)),
        incidents=(
            event(
                "INC-1",
                status="resolved",
                resolved_at=NOW,
                updates=[update(1, "c", "resolved"), update(3, "b"), update(9, "a")],
                components=[
                    {"component": "api", "state": "major_outage"},
                    {"component": "hidden", "state": "major_outage"},
                ],
            ),
        ),
    )
    (found,) = whole(shown, "incidents")["incidents"]
    told = [one["affected_components"] for one in found["incident_updates"]]
    assert [(one["old_status"], one["new_status"]) for (one,) in told] == [
        ("major_outage", "operational"),
        ("major_outage", "major_outage"),
        ("operational", "major_outage"),
    ]
    assert {one["code"] for (one,) in told} == {"api"}


def test_statuspage_has_the_postmortem_once_it_is_published():
    todo = [{"text": "Watch it", "done": True}, {"text": "Buy one"}]
    learned = {
        "impact": "",
        "root_cause": "A full disk.",
        "actions": todo,
        "updated_at": NOW + HOUR,
    }
    plain = event("INC-1", status="resolved", resolved_at=NOW)
    (before,) = whole(picture(incidents=(plain,)), "incidents")["incidents"]
    assert (before["status"], before["postmortem_body"]) == ("resolved", None)
    assert before["postmortem_body_last_updated_at"] is None
    assert before["postmortem_notified_subscribers"] is False
    shown = picture(incidents=(event("INC-1", resolved_at=NOW, postmortem=learned),))
    (after,) = whole(shown, "incidents")["incidents"]
    assert (after["status"], after["postmortem_body"]) == (
        "postmortem",
        "## Root cause\n\nA full disk.\n\n## Follow-up actions\n\n- Watch it (done)\n- Buy one",
    )
    assert after["postmortem_published_at"] == after["updated_at"] == "2030-06-03T13:00:00.000Z"
    assert after["postmortem_body_last_updated_at"] == after["postmortem_published_at"]
    assert after["postmortem_notified_subscribers"] is True
    for one in (before, after):
        # Each postmortem is told of, and never on Twitter.
        assert one["postmortem_ignored"] is False
        assert one["postmortem_notified_twitter"] is False
    bare = event("INC-1", resolved_at=NOW, postmortem={**learned, "actions": []})
    (found,) = whole(picture(incidents=(bare,)), "incidents")["incidents"]
    assert found["postmortem_body"] == "## Root cause\n\nA full disk."


def test_statuspage_lists_the_latest_fifty_and_never_cuts_what_goes_on():
    over = [
        banner(
            f"over{n}",
            status="resolved",
            starts_at=NOW - (n + 1) * 24 * HOUR,
            resolved_at=NOW - (n + 1) * 24 * HOUR + HOUR,
        )
        for n in range(60)
    ]
    series = [
        banner(f"s{n}", status="scheduled", series=1, starts_at=NOW + (n + 1) * 24 * HOUR)
        for n in range(60)
    ]
    events = [event(f"INC-{n}", status="resolved", resolved_at=NOW) for n in range(60)]
    old = event("OLD", started_at=NOW - 9000 * HOUR)
    shown = picture(banner("runs"), *series, *over, incidents=(*events, old))
    planned = whole(shown, "scheduled-maintenances")["scheduled_maintenances"]
    assert [one["id"] for one in planned[:4]] == ["runs", "s0", "s1", "over0"]
    assert len(planned) == 50
    upcoming = whole(shown, "scheduled-maintenances/upcoming")["scheduled_maintenances"]
    assert [one["id"] for one in upcoming] == [f"s{n}" for n in range(60)]
    found = [one["id"] for one in whole(shown, "incidents")["incidents"]]
    assert len(found) == 51
    assert "OLD" in found
