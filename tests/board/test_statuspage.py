"""The Statuspage API: components, maintenances, and what stands still; on values alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.board import statuspage
from portal.status.components import State
from tests.board.documents import SITE, whole
from tests.board.pictures import banner, part, picture
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit


def test_statuspage_components_and_groups():
    shown = picture(
        components=(
            part("api", group="Core", description="It answers."),
            part("web", State.PARTIAL, group="Core"),
            part("hidden", State.MAJOR, group="Core", is_public=False),
            part("mail"),
        )
    )
    found = {one["id"]: one for one in whole(shown, "components")["components"]}
    assert list(found) == ["group-1", "api", "web", "mail"]
    assert found["group-1"]["status"] == "partial_outage"
    assert found["group-1"]["components"] == ["api", "web"]
    assert [one["group"] for one in found.values()] == [True, False, False, False]
    assert [one["group_id"] for one in found.values()] == [None, "group-1", "group-1", None]
    assert [one["description"] for one in found.values()] == [None, "It answers.", None, None]
    assert [one["position"] for one in found.values()] == [1, 1, 2, 3]
    assert {one["showcase"] for one in found.values()} == {True}
    assert {one["only_show_if_degraded"] for one in found.values()} == {False}


def test_statuspage_maintenances():
    shown = picture(
        banner("runs", published_at=NOW - 9 * HOUR, ends_at=None),
        banner("ahead", status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
        banner("over", status="resolved", resolved_at=NOW, published_at=NOW - 9 * HOUR),
        banner("said", kind="announcement"),
    )
    path = "scheduled-maintenances"
    everything = {one["id"]: one for one in whole(shown, path)["scheduled_maintenances"]}
    assert set(everything) == {"runs", "ahead", "over"}
    runs, ahead, over = (everything[name] for name in ("runs", "ahead", "over"))
    assert [one["status"] for one in (ahead, runs, over)] == [
        "scheduled",
        "in_progress",
        "completed",
    ]
    assert runs["created_at"] == "2030-06-03T03:00:00.000Z"
    assert runs["updated_at"] == "2030-06-03T11:00:00.000Z"
    assert ahead["created_at"] == "2030-06-03T13:00:00.000Z"
    assert over["updated_at"] == over["resolved_at"] == "2030-06-03T12:00:00.000Z"
    # That an end is planned does not resolve it.
    assert (runs["resolved_at"], ahead["resolved_at"]) == (None, None)
    assert ahead["scheduled_until"] == "2030-06-03T14:00:00.000Z"
    assert runs["scheduled_until"] == runs["scheduled_for"]
    assert runs["incident_updates"][0]["deliver_notifications"] is False
    for name, ids in (("upcoming", ["ahead"]), ("active", ["runs"])):
        found = whole(shown, f"{path}/{name}")["scheduled_maintenances"]
        assert [one["id"] for one in found] == ids
    assert [one["id"] for one in whole(shown)["scheduled_maintenances"]] == ["runs", "ahead"]


def test_statuspage_has_the_latest_maintenances_first():
    shown = picture(
        banner("old", starts_at=NOW - 3 * HOUR),
        banner("new", starts_at=NOW - 2 * HOUR),
        banner("short", status="resolved", starts_at=NOW - 2 * HOUR, ends_at=NOW - 1.5 * HOUR),
        banner("long", status="resolved", starts_at=NOW - 9 * HOUR, ends_at=NOW - HOUR),
    )
    found = whole(shown, "scheduled-maintenances")["scheduled_maintenances"]
    # Of those that run by when they began, of those that are over by when they ended.
    assert [one["id"] for one in found] == ["new", "old", "long", "short"]
    assert {one["resolved_at"] for one in found[:2]} == {None}


def test_a_window_of_statuspage_has_its_components_and_its_story():
    shown = picture(
        banner(
            "over",
            message="We move.",
            channels=["web", "email"],
            status="resolved",
            components=["api", "hidden"],
            starts_at=NOW - 2 * HOUR,
            resolved_at=NOW - HOUR,
            published_at=NOW - 9 * HOUR,
        ),
        banner("ahead", status="scheduled", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR),
        components=(part("api"), part("hidden", is_public=False)),
    )
    ahead, over = whole(shown, "scheduled-maintenances")["scheduled_maintenances"]
    assert [one["status"] for one in ahead["incident_updates"]] == ["scheduled"]
    assert ahead["incident_updates"][0]["affected_components"] == []
    story = over["incident_updates"]
    assert [(one["id"], one["status"], one["created_at"][11:16]) for one in story] == [
        ("over-3", "completed", "11:00"),
        ("over-2", "in_progress", "10:00"),
        ("over-1", "scheduled", "03:00"),
    ]
    assert story[-1]["body"] == "We move."
    assert {one["deliver_notifications"] for one in story} == {True}
    assert [one["id"] for one in over["components"]] == ["api"]
    assert [one["affected_components"][0]["new_status"] for one in story] == [
        "operational",
        "under_maintenance",
        "operational",
    ]


def test_statuspage_stands_still_while_nothing_changes():
    """Its times are those of real changes, not of the rendering."""
    shown = picture(
        banner("runs", starts_at=NOW - 2 * HOUR, published_at=NOW - 9 * HOUR),
        components=(part("api", since=NOW.date(), changed_at=NOW - 3 * HOUR, group="Core"),),
    )
    later = replace(shown, generated_at=NOW + timedelta(seconds=20))
    for path, render in statuspage.documents(SITE).items():
        assert render(shown) == render(later), path
    found = whole(shown)
    assert found["page"]["updated_at"] == "2030-06-03T10:00:00.000Z"
    for one in found["components"]:
        assert one["start_date"] == "2030-06-03"
        assert one["created_at"] == "2030-06-03T00:00:00.000Z"
        assert one["updated_at"] == "2030-06-03T09:00:00.000Z"
