"""What senders of alerts write, and what is read of it; on values alone."""

from typing import Any

import pytest

from portal.runtime.alertmanager import MOST_LABELS, Delivery, ForeignAlert

pytestmark = pytest.mark.unit
FINGERPRINT = "a1b2c3d4e5f60718"


def read(**sent: Any) -> ForeignAlert:
    return ForeignAlert.model_validate({"status": "firing", "fingerprint": FINGERPRINT, **sent})


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("a\x00b", "ab"), (7, "7"), (True, "true"), (["a"], '["a"]'), ({}, "{}")],
)
def test_any_value_of_a_label_is_a_text(value: object, text: str):
    assert read(labels={"alertname": "Slow", "what": value}).labels["what"] == text


@pytest.mark.parametrize("labels", [None, [], "x", 7])
def test_labels_that_are_none_are_left_out(labels: object):
    assert read(labels=labels).labels == {}


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (3, 3),
        (0, 0),
        (999_999_999, 999_999_999),
        (10**9, 0),
        (-1, 0),
        (True, 0),
        ("3", 0),
        (None, 0),
    ],
)
def test_how_many_were_cut_off_is_a_count(given: object, count: int):
    assert Delivery.model_validate({"truncatedAlerts": given}).truncated_alerts == count


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a1b2c3d4", True),
        ("f" * 64, True),
        (" A1B2C3D4 ", True),
        ("a1b2c3d", False),
        ("f" * 65, False),
        ("g1b2c3d4", False),
    ],
)
def test_a_fingerprint_is_kept_if_it_is_one(given: str, kept: bool):
    found = read(fingerprint=given).fingerprint
    assert (found == given.strip().lower()) is kept
    assert len(found) == 16 or kept


def test_what_is_no_fingerprint_tells_apart_all_the_same():
    one, other = read(fingerprint="one"), read(fingerprint="other")
    assert one.fingerprint != other.fingerprint == read(fingerprint=" OTHER ").fingerprint


def test_an_alert_without_labels_and_fingerprint_is_left_out():
    told = Delivery.model_validate({"alerts": [{"status": "firing"}]})
    assert (told.alerts, told.skipped) == ([], 1)


def test_an_alert_without_a_status_has_that_of_its_group():
    alerts = [{"fingerprint": FINGERPRINT}, {"fingerprint": FINGERPRINT, "status": "firing"}, 7]
    told = Delivery.model_validate({"status": "resolved", "alerts": alerts})
    assert [one.status for one in told.alerts] == ["resolved", "firing"]
    assert told.skipped == 1


def test_the_component_is_kept_behind_many_labels():
    many = {f"label-{number}": "x" for number in range(MOST_LABELS)}
    kept = read(labels={**many, "last": "x", "component": "api"}).kept_labels
    assert kept == {**many, "component": "api"}


@pytest.mark.parametrize(
    ("address", "is_kept"),
    [("https://r.example", True), ("http://r.example", True), ("javascript:x", False), ("", False)],
)
def test_a_runbook_is_an_address_of_the_web(address: str, is_kept: bool):
    kept = read(annotations={"runbook_url": address}).kept_labels
    assert kept == ({"runbook_url": address} if is_kept else {})


def test_titles_and_names_are_made_up_for():
    assert (read().name, read().title, read().severity) == ("alert", "alert", "warning")
    named = read(labels={"alertname": " Slow \n answers ", "severity": " CRITICAL "})
    assert (named.name, named.title, named.severity) == ("Slow answers", "Slow answers", "critical")
    assert read(annotations={"summary": "s" * 200}).title == "s" * 120
